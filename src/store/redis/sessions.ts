import {
  type Attributes,
  handleOf,
  type Millis,
  type NewSession,
  type Store,
  type StoredSession,
  type Use,
} from '../store.ts'
import { fieldsOf, liveOf, ORIGIN, originOf, STATE, TIMES, type Values } from './fields.ts'
import { indexKey, isHandle, memberOf, type Shard, sessionKey, shardOf, tailOf, userKey } from './keys.ts'
import type { Link } from './link.ts'
import { BEGIN, TOUCH } from './session-scripts.ts'
import type { UserIndex } from './user-index.ts'
import { ADMIT, EXPECT } from './user-scripts.ts'

/** What `ADMIT` says where there is no room for another session. */
const FULL = 'full'

/** A session that is live, read by its handle. */
export async function readStored(link: Link, handle: string, now: Millis): Promise<StoredSession | null> {
  const key = sessionKey(handle)
  const values = (await link.read(key, ['HMGET', key, TIMES, STATE, ...ORIGIN])) as Values
  const session = liveOf(handle, values, now)
  return session && { ...session, ...originOf(values.slice(2)) }
}

/** Beginning and using sessions. */
export function newSessions(link: Link, index: Pick<UserIndex, 'tidy'>) {
  /** Whether the user is still as the login has seen it. */
  const isSameUser = async (uname: string, generation: number) => {
    const key = userKey(uname)
    const [kept] = (await link.read(key, ['HMGET', key, 'generation'])) as Values
    return kept === String(generation)
  }

  /** The first step. */
  const admit = ({ id, uname, generation, beganAt, latestEndsAt, maxSessions }: NewSession) => {
    const member = memberOf(handleOf(id), beganAt)
    const args = [generation, member, latestEndsAt, beganAt, maxSessions].map(String)
    return link.write(ADMIT, [userKey(uname), indexKey(uname)], args)
  }

  /** The second step, whose script says what came of it. The first was at `firstAt`, by the clock of the server. */
  const begin = (session: StoredSession, firstAt: unknown, attributes: Attributes): Promise<unknown> => {
    const handle = handleOf(session.id)
    const { ends, logins, ended } = shardOf(handle)
    return link.write(
      BEGIN,
      [sessionKey(handle), ends, logins, ended],
      [
        ...[handle, String(firstAt), String(session.endsAt), String(session.beganAt)],
        ...fieldsOf(session, attributes),
      ],
    )
  }

  return {
    /**
     * In two steps, since the user is in another slot than the session. The first adds the session to the user's index, if the user is
     * as it was; the second begins it, unless the id is taken. Whatever ends the user's logins finds it in the index from the first
     * step on, and leaves an id that is taken for the second to find.
     */
    async insertSession(session: NewSession): ReturnType<Store['insertSession']> {
      const { uname, generation, beganAt } = session
      let admittedAt = await admit(session)
      // What has ended by itself is in the index until it is swept.
      if (admittedAt === FULL && (await index.tidy(uname, beganAt)) > 0) admittedAt = await admit(session)
      if (admittedAt === FULL) return 'too_many'
      if (admittedAt === null) return 'user_changed'
      const begun = { ...session, usedAt: beganAt, version: 1 }
      if ((await begin(begun, admittedAt, new Map())) === 'begun') return 'inserted'
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
      const outcome = await begin(session, expectedAt, attributes)
      return outcome === 'begun' ? 'restored' : 'id_taken'
    },

    /** Each is a key of its own. */
    positionOf: (): null => null,

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
  const args = uses.map(({ id, usedAt, endsAt }) => `${tailOf(id)} ${usedAt} ${endsAt}`)
  return link.write(TOUCH, [ends, ...keys], [String(now), ...args])
}
