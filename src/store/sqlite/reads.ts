import type { Database } from 'bun:sqlite'
import {
  type LiveSession,
  LOOKED_AT,
  type Millis,
  type Page,
  type SessionFilter,
  type StoredSession,
  type StoredUser,
} from '../store.ts'
import type { Packed } from './packed.ts'
import { BY_HANDLE, ENDS_AT, SESSIONS, STORED_COLUMNS, type StoredRow, storedOf, userOf } from './rows.ts'
import { newNoted } from './uses.ts'

/** A session in the file: its number, and its attributes, unless (null) they are rows of their own that have that number. */
export interface Found {
  readonly n: number
  readonly session: LiveSession
  readonly packed: Packed | null
}

type Row = readonly [
  n: number,
  uname: string,
  beganAt: Millis,
  usedAt: Millis,
  endsAt: Millis,
  latestEndsAt: Millis,
  version: number,
  packed: Packed | null,
]

/** Everything that is read from the file, each call inside a transaction of the caller's. */
export function newReads(db: Database) {
  const session = db.query(
    `SELECT n, uname, began_at, used_at, ends_at, latest_ends_at, version, attributes FROM sessions WHERE id = ?`,
  )
  const noted = newNoted(db)
  const all = db.query('SELECT key, value FROM attributes WHERE session = ?')
  const one = db.query('SELECT value FROM attributes WHERE session = ? AND key = ?')
  const listed = `SELECT ${STORED_COLUMNS} FROM ${SESSIONS} WHERE ${ENDS_AT} > ?2 AND (?3 IS NULL OR s.address = ?3)`
  const byHandle = db.query(`${listed} AND ${BY_HANDLE} AND (?4 IS NULL OR s.uname = ?4)`)
  const ofAll = newWalk(db, listed, '')
  const ofUser = newWalk(db, listed, ' AND s.uname = ?4')
  const user = db.query('SELECT * FROM users WHERE uname = ?')
  const users = db.query('SELECT * FROM users WHERE ?1 IS NULL OR uname > ?1 ORDER BY uname LIMIT ?2')
  const secrets = db.query('SELECT name, value FROM secrets')
  const version = db.query('PRAGMA user_version')

  return {
    findSession(id: string, now: Millis): Found | null {
      const row = session.values(id)[0] as Row | undefined
      if (row === undefined) return null
      const [n, uname, beganAt, recordedUse, recordedEnd, latestEndsAt, version, packed] = row
      const [notedUse, notedEnd] = noted(n)
      const [usedAt, endsAt] = [Math.max(recordedUse, notedUse), Math.max(recordedEnd, notedEnd)]
      if (endsAt <= now) return null
      const live = { id, uname, beganAt, usedAt, endsAt, latestEndsAt, version }
      return { n, session: live, packed }
    },

    /** Attributes that are rows. */
    readAttributes(n: number, keys: readonly string[] | 'all'): Map<string, string> {
      if (keys === 'all') return new Map(all.values(n) as [string, string][])
      const attributes = new Map<string, string>()
      for (const key of keys) {
        const row = one.values(n, key)[0]
        if (row !== undefined) attributes.set(key, row[0] as string)
      }
      return attributes
    },

    listSessions(
      { uname, address, handle }: SessionFilter,
      after: string | null,
      limit: number,
      now: Millis,
    ): Page<StoredSession> {
      const params: Params = [now, address ?? null, uname ?? null]
      if (handle !== undefined) {
        const rows = byHandle.values(handle, ...params) as unknown as StoredRow[]
        return { items: rows.map(storedOf), next: null }
      }
      const walk = uname === undefined ? ofAll : ofUser
      const { rows, left } = walk(after === null ? Number.MAX_SAFE_INTEGER : Number(after), limit, params)
      const items = rows.slice(0, limit)
      const next = rows.length > limit ? (items.at(-1)?.[0] ?? null) : left
      return { items: items.map(storedOf), next: next === null ? null : String(next) }
    },

    readUser(uname: string): StoredUser | null {
      const row = user.values(uname)[0]
      return row === undefined ? null : userOf(row)
    },

    listUsers(after: string | null, limit: number): Page<StoredUser> {
      const rows = users.values(after, limit + 1)
      const items = rows.slice(0, limit).map(userOf)
      return { items, next: rows.length > limit ? (items.at(-1)?.uname ?? null) : null }
    },

    listSecrets(): Map<string, string> {
      return new Map(secrets.values() as [string, string][])
    },

    ping(): void {
      version.values()
    },
  }
}

/** Sessions that are looked at in one go. */
const STEP = 500

/** Before every number of a session. */
const FIRST = Number.MIN_SAFE_INTEGER

/** Goes backwards through the sessions of all or of a user. `listed` has the parameters 2 to 4, of which the last is the user. */
function newWalk(db: Database, listed: string, whose: string) {
  const matching = db.query(`${listed}${whose} AND s.n < ?1 AND s.n >= ?5 ORDER BY s.n DESC LIMIT ?6`)
  // The number of the last session of a step; none: there are fewer left.
  const lastOf = db.query(
    `SELECT s.n FROM sessions s WHERE s.n < ?1${whose} ORDER BY s.n DESC LIMIT 1 OFFSET ?5 - 1`,
  )
  /** At most one more than the limit, and where to go on if those that may be looked at had not as many (null: there are no more). */
  return (from: number, limit: number, params: Params) => {
    const most = limit + LOOKED_AT
    const rows: StoredRow[] = []
    let at = from
    for (let looked = 0; looked < most; looked += STEP) {
      const step = Math.min(STEP, most - looked)
      const last = (lastOf.values(at, ...params, step)[0]?.[0] ?? null) as number | null
      const room = limit + 1 - rows.length
      rows.push(...(matching.values(at, ...params, last ?? FIRST, room) as unknown as StoredRow[]))
      if (rows.length > limit || last === null) return { rows, left: null }
      at = last
    }
    return { rows, left: at }
  }
}

type Params = readonly [now: Millis, address: string | null, uname: string | null]
