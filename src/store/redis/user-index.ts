import { handleOf, type Millis, type StoredSession } from '../store.ts'
import type { Ends } from './ends.ts'
import { bytesIn, liveOf, ORIGIN, originOf, STATE, TIMES, type Values } from './fields.ts'
import { beganAtIn, ENDING, handleIn, indexKey, sessionKey } from './keys.ts'
import type { Link } from './link.ts'
import { SETTLE_ENDS } from './user-scripts.ts'

/** Members of an index that one call looks at: each is a command of its own. */
const LOOKED_AT = 1_000

/** Milliseconds after which a login is given up whose session has not begun: its second step follows the first at once. */
const UNDER_WAY: Millis = 2_000

/** A member of the index, and what there is of its session. */
interface Indexed {
  readonly member: string
  /** `under way`: its login may still begin it. `over`: it has ended by itself, or never began. `other`: the id is that of another login. */
  readonly state: 'live' | 'under way' | 'over' | 'other'
  readonly session: StoredSession | null
}

/** The index that Redis keeps of the sessions of each user, earliest latest end first. It may have what has ended by itself. */
export function newUserIndex(link: Link, ends: Pick<Ends, 'endMembers'>) {
  const look = async (member: string, now: Millis): Promise<Indexed> => {
    const key = sessionKey(handleIn(member))
    const values = (await link.read(key, ['HMGET', key, TIMES, STATE, ...ORIGIN])) as Values
    if (values[0] == null) {
      const isUnderWay = Math.abs(now - beganAtIn(member)) < UNDER_WAY
      return { member, state: isUnderWay ? 'under way' : 'over', session: null }
    }
    const live = liveOf(handleIn(member), values, now)
    const session = live && { ...live, ...originOf(values.slice(2)) }
    if (session === null) return { member, state: 'over', session }
    return { member, state: session.beganAt === beganAtIn(member) ? 'live' : 'other', session }
  }

  const lookAt = async (uname: string, count: number, now: Millis): Promise<readonly Indexed[]> => {
    const key = indexKey(uname)
    const members = (await link.read(key, ['ZRANGE', key, '0', String(count - 1)])) as string[]
    return Promise.all(members.map((member) => look(member, now)))
  }

  const statesOf = (handles: readonly string[]) =>
    Promise.all(
      handles.map((handle) => {
        const key = sessionKey(handle)
        return link.read(key, ['HMGET', key, TIMES, STATE]) as Promise<Values>
      }),
    )

  return {
    /** Takes out what is no live session, as far as it is among the earliest; how many. */
    async tidy(uname: string, now: Millis): Promise<number> {
      const found = await lookAt(uname, LOOKED_AT, now)
      const membersOf = (state: Indexed['state']) =>
        found.filter((each) => each.state === state).map(({ member }) => member)
      const [over, others] = [membersOf('over'), membersOf('other')]
      if (over.length > 0) await ends.endMembers({ uname, members: over, reason: 'revoked' }, now)
      // Not ended: the session of that handle is another one.
      if (others.length > 0) await link.write(SETTLE_ENDS, [indexKey(uname), ENDING], [uname, ...others])
      return over.length + others.length
    },

    /** Bytes of the attributes of the other live sessions that the user of a session has, as far as they are looked at. */
    async bytesOfOthers(id: string, now: Millis): Promise<number> {
      const handle = handleOf(id)
      const own = await statesOf([handle])
      const uname = liveOf(handle, own[0] ?? [], now)?.uname
      if (uname === undefined) return 0
      const key = indexKey(uname)
      const members = (await link.read(key, ['ZRANGE', key, String(-LOOKED_AT), '-1'])) as string[]
      const others = [...new Set(members.map(handleIn))].filter((each) => each !== handle)
      const states = await statesOf(others)
      return states.reduce((sum, state, i) => {
        const session = liveOf(others[i] ?? '', state, now)
        return session?.uname === uname ? sum + bytesIn(state) : sum
      }, 0)
    },

    async earliestSessions(uname: string, limit: number, now: Millis): Promise<readonly StoredSession[]> {
      // Twice as many, since some may have ended.
      for (let count = 2 * limit; ; count *= 2) {
        const looked = await lookAt(uname, count, now)
        const live = looked.flatMap(({ state, session }) =>
          state === 'live' && session?.uname === uname ? session : [],
        )
        if (live.length < limit && looked.length === count) continue
        return live.sort((a, b) => a.beganAt - b.beganAt).slice(0, limit)
      }
    },
  }
}

export type UserIndex = ReturnType<typeof newUserIndex>
