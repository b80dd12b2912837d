import type { Millis, StoredSession, StoredUser } from '../store.ts'

/** Sessions with what was noted of their use since. */
export const SESSIONS = 'sessions s LEFT JOIN uses u ON u.n = s.n'

/** When a session of `SESSIONS` ends. */
export const ENDS_AT = 'max(s.ends_at, ifnull(u.ends_at, 0))'

/** Holds for the one id that begins with the handle: `~` is behind all of base64url. A part of a handle is none. */
export const BY_HANDLE = `id >= ?1 AND id < ?1 || '~' AND length(?1) = 22`

/** The columns of `SESSIONS` that lists show. */
export const STORED_COLUMNS = `s.n, s.id, s.uname, s.began_at, max(s.used_at, ifnull(u.used_at, 0)), ${ENDS_AT}, s.latest_ends_at, s.version, s.address, s.user_agent`
export type StoredRow = readonly [
  n: number,
  id: string,
  uname: string,
  beganAt: Millis,
  usedAt: Millis,
  endsAt: Millis,
  latestEndsAt: Millis,
  version: number,
  address: string,
  userAgent: string,
]

export const storedOf = (row: StoredRow): StoredSession => ({
  id: row[1],
  uname: row[2],
  beganAt: row[3],
  usedAt: row[4],
  endsAt: row[5],
  latestEndsAt: row[6],
  version: row[7],
  address: row[8],
  userAgent: row[9],
})

/** A row of `users` as a `StoredUser`, for `SELECT * FROM users`. */
export function userOf(row: readonly unknown[]): StoredUser {
  const [uname, fullname, email, passwordHash, roles, disabled, generation] = row as [
    string,
    string,
    string,
    string,
    string,
    number,
    number,
  ]
  return {
    uname,
    fullname,
    email,
    passwordHash,
    roles: JSON.parse(roles),
    disabled: disabled === 1,
    generation,
  }
}
