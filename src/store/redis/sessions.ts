import { StoreFault } from '../../errors.ts'
import {
  handleOf,
  type LiveSession,
  type Millis,
  type NewSession,
  type Store,
  type StoredSession,
  type Use,
} from '../store.ts'
import { indexKey, isHandle, memberOf, type Shard, sessionKey, shardOf, tailOf, userKey } from './keys.ts'
import type { Link } from './link.ts'
import { BEGIN, TOUCH } from './session-scripts.ts'
import { ADMIT } from './user-scripts.ts'

/** The fields of a session that a read asks for, in this order. */
const LIVE = ['i', 'u', 'b', 't', 'e', 'l', 'v'] as const
const STORED = [...LIVE, 'a', 'g'] as const

/** What `HMGET` gives for fields, as far as they are there. */
export type Values = readonly (string | null)[]

/** The session in these values, or null if it is not live; `values` begins with those of `LIVE`. */
export function liveOf(handle: string, values: Values, now: Millis): LiveSession | null {
  const [tail, uname, beganAt, usedAt, endsAt, latestEndsAt, version] = values
  if (tail == null || now >= Number(endsAt)) return null
  return {
    id: handle + tail,
    uname: uname ?? '',
    beganAt: Number(beganAt),
    usedAt: Number(usedAt),
    endsAt: Number(endsAt),
    latestEndsAt: Number(latestEndsAt),
    version: Number(version),
  }
}

/** A session that is live, read by its handle. */
export async function readStored(link: Link, handle: string, now: Millis): Promise<StoredSession | null> {
  const key = sessionKey(handle)
  const values = (await link.read(key, ['HMGET', key, ...STORED])) as Values
  const session = liveOf(handle, values, now)
  return session && { ...session, address: values[7] ?? '', userAgent: values[8] ?? '' }
}

export const LIVE_FIELDS: readonly string[] = LIVE

/** Beginning and using sessions. */
export function newSessions(link: Link) {
  /** Whether the user is still as the login has seen it. */
  const isSameUser = async (uname: string, generation: number) => {
    const key = userKey(uname)
    const [kept] = (await link.read(key, ['HMGET', key, 'generation'])) as Values
    return kept === String(generation)
  }

  return {
    /**
     * In two steps, since the user is in another slot than the session. The first adds the session to the user's index, if the user is
     * as it was; the second begins it, unless the id is taken. Whatever ends the user's logins finds it in the index from the first
     * step on, and leaves an id that is taken for the second to find.
     */
    async insertSession(session: NewSession): ReturnType<Store['insertSession']> {
      const { id, uname, generation, beganAt, endsAt, latestEndsAt } = session
      const handle = handleOf(id)
      const shard = shardOf(handle)
      const admittedAt = await link.write(
        ADMIT,
        [userKey(uname), indexKey(uname)],
        [String(generation), memberOf(handle, beganAt), String(latestEndsAt), String(beganAt)],
      )
      if (admittedAt === null) return 'user_changed'
      const outcome = await link.write(
        BEGIN,
        [sessionKey(handle), shard.ends, shard.logins, shard.ended],
        [handle, String(admittedAt), String(endsAt), String(beganAt), ...fieldsOf(session)],
      )
      if (outcome === 'late') {
        throw new StoreFault('store_unavailable', 'Redis got the second step of a login too late.', null)
      }
      if (outcome === 'inserted') return 'inserted'
      return (await isSameUser(uname, generation)) ? 'id_taken' : 'user_changed'
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

const fieldsOf = ({ id, uname, beganAt, endsAt, latestEndsAt, address, userAgent }: NewSession) => {
  const fields = {
    i: tailOf(id),
    u: uname,
    b: beganAt,
    t: beganAt,
    e: endsAt,
    l: latestEndsAt,
    v: 1,
    c: 0,
    n: 0,
    a: address,
    g: userAgent,
  }
  return Object.entries(fields).flatMap(([field, value]) => [field, String(value)])
}
