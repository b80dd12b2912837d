import type { LiveSession, StoredSession, StoredUser } from '../store.ts'
import type { Row } from './connection.ts'

/** A `bigint` comes as text; each of ours is a whole number that a JavaScript number holds. */
const wholeOf = (column: unknown): number => Number(column)

/** 256 bits in base64url: the last character holds but four of them, so that only these can be the last. */
const ID = /^[\w-]{42}[AEIMQUYcgkosw048]$/
const HANDLE = /^[\w-]{22}$/

/** The bytes of an id, or null: it is none, and so no session's. */
export const bytesOf = (id: string): Uint8Array | null => (ID.test(id) ? Buffer.from(id, 'base64url') : null)

/** The id of which these are the bytes. */
export const idOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** The first and the last id that a handle can be of, as bytes; what is no handle is of none. */
export function rangeOf(handle: string): readonly [Uint8Array, Uint8Array] {
  if (!HANDLE.test(handle)) return [NONE, NONE]
  return [Buffer.from(handle.padEnd(43, 'A'), 'base64url'), Buffer.from(handle.padEnd(43, '_'), 'base64url')]
}

/** No id is empty. */
const NONE = new Uint8Array()

/** Whether one of these cannot be in the database, which takes no NUL and fails for whoever looks for one. */
export const isNowhere = (...texts: readonly (string | null | undefined)[]): boolean =>
  texts.some((text) => text?.includes('\0'))

/** The columns of `sessions` that a read and a list need. */
export const LIVE_COLUMNS = 's.uname, s.began_at, s.used_at, s.ends_at, s.latest_ends_at, s.version'

/** A row that begins with `LIVE_COLUMNS`. */
export const liveOf = (id: string, row: Row): LiveSession => ({
  id,
  uname: row[0] as string,
  beganAt: wholeOf(row[1]),
  usedAt: wholeOf(row[2]),
  endsAt: wholeOf(row[3]),
  latestEndsAt: wholeOf(row[4]),
  version: wholeOf(row[5]),
})

/** The columns of a list of sessions. */
export const STORED_COLUMNS = `${LIVE_COLUMNS}, s.id, s.address, s.user_agent, s.n`

/** A row of `STORED_COLUMNS`. */
export const storedOf = (row: Row): StoredSession => ({
  ...liveOf(idOf(row[6] as Uint8Array), row),
  address: row[7] as string,
  userAgent: row[8] as string,
})

/** Roles as JSON, which any text comes out of as it went in. */
export const USER_COLUMNS = 'uname, fullname, email, password_hash, to_json(roles), disabled, generation'

/** A row of `USER_COLUMNS`. */
export const userOf = (row: Row): StoredUser => ({
  uname: row[0] as string,
  fullname: row[1] as string,
  email: row[2] as string,
  passwordHash: row[3] as string,
  roles: row[4] as string[],
  disabled: row[5] as boolean,
  generation: wholeOf(row[6]),
})
