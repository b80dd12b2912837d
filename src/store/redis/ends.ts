import type { EndReason, Millis } from '../store.ts'
import {
  ENDING,
  handleIn,
  indexKey,
  isHandle,
  memberOf,
  type Shard,
  sessionKey,
  shardOf,
  shards,
} from './keys.ts'
import type { Link } from './link.ts'
import { END } from './session-scripts.ts'
import { readStored } from './sessions.ts'
import { FIND } from './shard-scripts.ts'
import { DECIDE_ENDS, LEFT_ENDING, SETTLE_ENDS } from './user-scripts.ts'

/** Sessions of a user, as the user's index has them. */
export interface Ending {
  readonly uname: string
  readonly members: readonly string[]
  readonly reason: EndReason
}

/** Seconds after which whoever decided an end is taken for dead. */
const PATIENCE = 10

/** Milliseconds for which an id stays taken that was ended by whoever sweeps. */
const LINGER: Millis = 10 * 60_000

/** Ends that are under way at once, and members in one command: few enough that no request behind them waits long. */
const AT_ONCE = 200

/** Shards that are asked at once where one after the other may do. */
const SHARDS_AT_ONCE = 32

/** Cut into parts of a size, so that no command grows without end. */
export const partsOf = <T>(all: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))

/**
 * How sessions end before their time. Sessions and users are in different slots, so it takes three steps: it is decided where the user
 * is; the session is deleted and its id stays taken; it leaves the user's index. A node that dies in between has decided at least, and
 * whoever sweeps finishes it. `decided` ends are those of which the first step is done.
 */
export function newEnds(link: Link) {
  const decide = ({ uname, members }: Omit<Ending, 'reason'>) =>
    Promise.all(partsOf(members, AT_ONCE).map((part) => link.write(DECIDE_ENDS, [ENDING], [uname, ...part])))

  const end = ({ uname, reason }: Ending, handle: string, now: Millis) => {
    const { ends, logins, ended } = shardOf(handle)
    return link.write(END, [sessionKey(handle), ends, logins, ended], [handle, uname, String(now), reason])
  }

  /** How many of them were live until now. */
  const finish = async (ending: Ending, now: Millis): Promise<number> => {
    const { uname, members } = ending
    let live = 0
    for (const part of partsOf(members, AT_ONCE)) {
      const outcomes = await Promise.all(part.map((member) => end(ending, handleIn(member), now)))
      live += outcomes.filter((outcome) => outcome === 1).length
      await link.write(SETTLE_ENDS, [indexKey(uname), ENDING], [uname, ...part])
    }
    return live
  }

  /** At most `limit` live sessions of a shard. */
  const find = async ({ ends, tag }: Shard, limit: number, now: Millis): Promise<readonly Found[]> => {
    const found = (await link.look(FIND, [ends], [String(now), String(limit), `${tag}s:`])) as string[]
    return partsOf(found, 3).map(([handle = '', uname = '', beganAt = '']) => ({
      uname,
      member: memberOf(handle, beganAt),
    }))
  }

  const endThese = async (found: readonly Found[], reason: EndReason, now: Millis): Promise<number> => {
    const byUser = Map.groupBy(found, ({ uname }) => uname)
    const ended = [...byUser].map(async ([uname, some]) => {
      const ending = { uname, members: some.map(({ member }) => member), reason }
      await decide(ending)
      return finish(ending, now)
    })
    return (await Promise.all(ended)).reduce((sum, each) => sum + each, 0)
  }

  return {
    finish,

    /** Decides and finishes the end of sessions of a user, or of what its index has of some. */
    async endMembers(ending: Ending, now: Millis): Promise<void> {
      await decide(ending)
      await finish(ending, now)
    },

    async endSession(handle: string, uname: string | null, reason: EndReason, now: Millis): Promise<boolean> {
      if (!isHandle(handle)) return false
      const session = await readStored(link, handle, now)
      if (session === null || (uname !== null && uname !== session.uname)) return false
      const member = memberOf(handle, session.beganAt)
      return (await endThese([{ uname: session.uname, member }], reason, now)) === 1
    },

    async endSessions(limit: number, now: Millis): Promise<number> {
      let ended = 0
      for (const some of partsOf(shards, SHARDS_AT_ONCE)) {
        // What another node ended meanwhile does not count, and there may be more.
        for (;;) {
          const each = Math.ceil((limit - ended) / some.length)
          const found = (await Promise.all(some.map((shard) => find(shard, each, now)))).flat()
          ended += await endThese(found.slice(0, limit - ended), 'revoked', now)
          if (ended >= limit) return ended
          if (found.length === 0) break
        }
      }
      return ended
    },

    /**
     * Finishes all that nodes have decided and not finished, for whatever reason, a part at a time. The ids stay taken for a while, though
     * this is called to free what ended before `endedBefore`: a login may still be under way with one of them.
     */
    async finishLeft(endedBefore: Millis): Promise<void> {
      for (;;) {
        const left = (await link.look(LEFT_ENDING, [ENDING], [String(PATIENCE), String(AT_ONCE)])) as string[]
        const byUser = Map.groupBy(left, (text) => text.slice(text.indexOf(' ') + 1))
        for (const [uname, texts] of byUser) {
          const members = texts.map((text) => text.slice(0, text.indexOf(' ')))
          // Why they end nobody knows any more.
          await finish({ uname, members, reason: 'revoked' }, endedBefore + LINGER)
        }
        if (left.length < AT_ONCE) return
      }
    },
  }
}

export type Ends = ReturnType<typeof newEnds>

interface Found {
  readonly uname: string
  readonly member: string
}
