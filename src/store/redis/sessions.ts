import { StoreFault } from '../../errors.ts'
import {
  type Attributes,
  handleOf,
  type LiveSession,
  type Millis,
  type NewSession,
  type Store,
  type StoredSession,
  type Use,
} from '../store.ts'
import {
  ATTRIBUTE,
  indexKey,
  isHandle,
  memberOf,
  type Shard,
  sessionKey,
  shardOf,
  tailOf,
  userKey,
} from './keys.ts'
import type { Link } from './link.ts'
import type { Script } from './scripts.ts'
import { BEGIN, RESTORE, TOUCH } from './session-scripts.ts'
import { ADMIT, EXPECT } from './user-scripts.ts'

/** What `HMGET` gives for fields, as far as they are there. */
export type Values = readonly (string | null)[]

/** The session of which this is the field `h`, or null if it is not live. The name of a user may have blanks in it. */
export function liveOf(handle: string, header: string | null | undefined, now: Millis): LiveSession | null {
  if (header == null) return null
  const words = header.split(' ')
  const endsAt = Number(words[3])
  if (now >= endsAt) return null
  return {
    id: handle + words[0],
    uname: words.length === 9 ? (words[8] as string) : words.slice(8).join(' '),
    beganAt: Number(words[1]),
    usedAt: Number(words[2]),
    endsAt,
    latestEndsAt: Number(words[4]),
    version: Number(words[5]),
  }
}

/** A session that is live, read by its handle. */
export async function readStored(link: Link, handle: string, now: Millis): Promise<StoredSession | null> {
  const key = sessionKey(handle)
  const [header, whence] = (await link.read(key, ['HMGET', key, 'h', 'w'])) as Values
  const session = liveOf(handle, header, now)
  if (session === null || whence == null) return null
  const at = whence.indexOf(' ')
  return { ...session, address: whence.slice(0, at), userAgent: whence.slice(at + 1) }
}

/** Beginning and using sessions. */
export function newSessions(link: Link) {
  /** Whether the user is still as the login has seen it. */
  const isSameUser = async (uname: string, generation: number) => {
    const key = userKey(uname)
    const [kept] = (await link.read(key, ['HMGET', key, 'generation'])) as Values
    return kept === String(generation)
  }

  /** The second step, whose script says what came of it. The first was at `firstAt`, by the clock of the server. */
  const begin = async (
    script: Script,
    session: StoredSession,
    firstAt: unknown,
    attributes: Attributes,
  ): Promise<unknown> => {
    const handle = handleOf(session.id)
    const { ends, logins, ended } = shardOf(handle)
    const outcome = await link.write(
      script,
      [sessionKey(handle), ends, logins, ended],
      [
        ...[handle, String(firstAt), String(session.endsAt), String(session.beganAt)],
        ...[headerOf(session, attributes), whenceOf(session)],
        ...[...attributes].flatMap(([key, value]) => [ATTRIBUTE + key, value]),
      ],
    )
    if (outcome === 'late') {
      throw new StoreFault('store_unavailable', 'Redis got the second step of a login too late.', null)
    }
    return outcome
  }

  return {
    /**
     * In two steps, since the user is in another slot than the session. The first adds the session to the user's index, if the user is
     * as it was; the second begins it, unless the id is taken. Whatever ends the user's logins finds it in the index from the first
     * step on, and leaves an id that is taken for the second to find.
     */
    async insertSession(session: NewSession): ReturnType<Store['insertSession']> {
      const { id, uname, generation, beganAt, latestEndsAt } = session
      const handle = handleOf(id)
      const admittedAt = await link.write(
        ADMIT,
        [userKey(uname), indexKey(uname)],
        [String(generation), memberOf(handle, beganAt), String(latestEndsAt), String(beganAt)],
      )
      if (admittedAt === null) return 'user_changed'
      const begun = { ...session, usedAt: beganAt, version: 1 }
      if ((await begin(BEGIN, begun, admittedAt, new Map())) === 'inserted') return 'inserted'
      return (await isSameUser(uname, generation)) ? 'id_taken' : 'user_changed'
    },

    /** In two steps too, in the same order and for the same reasons. */
    async restoreSession(
      session: StoredSession,
      attributes: Attributes,
    ): ReturnType<Store['restoreSession']> {
      const { id, uname, beganAt, latestEndsAt } = session
      const member = memberOf(handleOf(id), beganAt)
      const expectedAt = await link.write(EXPECT, [indexKey(uname)], [member, String(latestEndsAt)])
      return (await begin(RESTORE, session, expectedAt, attributes)) as 'restored' | 'id_taken'
    },

    async touchSessions(uses: readonly Use[], now: Millis): Promise<void> {
      const byShard = Map.groupBy(
        uses.filter(({ id }) => isHandle(handleOf(id))),
        ({ id }) => shardOf(handleOf(id)),
      )
      await Promise.all([...byShard].map(([shard, some]) => touch(link, shard, some, now)))
    },
  }
}

function touch(link: Link, { ends }: Shard, uses: readonly Use[], now: Millis): Promise<unknown> {
  const keys = uses.map(({ id }) => sessionKey(handleOf(id)))
  const args = uses.flatMap(({ id, usedAt, endsAt }) => [
    handleOf(id),
    tailOf(id),
    String(usedAt),
    String(endsAt),
  ])
  return link.write(TOUCH, [ends, ...keys], [String(now), ...args])
}

/** The field `h`; `session-scripts.ts` says what is in it. */
function headerOf(session: StoredSession, attributes: Attributes): string {
  const { id, uname, beganAt, usedAt, endsAt, latestEndsAt, version } = session
  let bytes = 0
  for (const [key, value] of attributes) bytes += Buffer.byteLength(key) + Buffer.byteLength(value)
  return [tailOf(id), beganAt, usedAt, endsAt, latestEndsAt, version, attributes.size, bytes, uname].join(' ')
}

/** The field `w`. */
const whenceOf = ({ address, userAgent }: StoredSession) => `${address} ${userAgent}`
