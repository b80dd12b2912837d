import type { LiveSession, StoredSession, StoredUser } from '../store.ts'

/** The columns of `sessions` that are read. */
export const COLUMNS =
  'n, id, uname, began_at, used_at, ends_at, latest_ends_at, address, user_agent, version, bytes'
export type Row = readonly [
  number,
  string,
  string,
  number,
  number,
  number,
  number,
  string,
  string,
  number,
  number,
]

/** A row of `sessions` as a `StoredSession`. */
export const sessionOf = (row: Row): StoredSession => ({
  ...liveOf(row),
  address: row[7],
  userAgent: row[8],
})

/** A row of `sessions` as a `LiveSession`. */
export const liveOf = (row: Row): LiveSession => ({
  id: row[1],
  uname: row[2],
  beganAt: row[3],
  usedAt: row[4],
  endsAt: row[5],
  latestEndsAt: row[6],
  version: row[9],
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
