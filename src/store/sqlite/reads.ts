import type { Database } from 'bun:sqlite'
import { pageOf } from '../pages.ts'
import type { LiveSession, Millis, Page, StoredSession, StoredUser } from '../store.ts'
import type { Packed } from './packed.ts'
import { ENDS_AT, SESSIONS, STORED_COLUMNS, type StoredRow, storedOf, userOf } from './rows.ts'
import { newSessionLists } from './session-lists.ts'
import { newNoted } from './uses.ts'
import type { Standing } from './watches.ts'

/** A session in the file: its number, and its attributes, unless (null) they are rows of their own that have that number. */
export interface Found extends LiveSession {
  readonly n: number
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
  const user = db.query('SELECT * FROM users WHERE uname = ?')
  const users = db.query('SELECT * FROM users WHERE ?1 IS NULL OR uname > ?1 ORDER BY uname LIMIT ?2')
  const secrets = db.query('SELECT name, value FROM secrets')
  const standing = db.query('SELECT version, uname FROM sessions WHERE id = ?')
  const wasEnded = db.query('SELECT 1 FROM ended WHERE id = ?')
  const earliest = db.query(
    `SELECT ${STORED_COLUMNS} FROM ${SESSIONS} WHERE s.uname = ?1 AND ${ENDS_AT} > ?2 ORDER BY s.n LIMIT ?3`,
  )
  const version = db.query('PRAGMA user_version')

  return {
    findSession(id: string, now: Millis): Found | null {
      const row = session.values(id)[0] as Row | undefined
      if (row === undefined) return null
      const [n, uname, beganAt, recordedUse, recordedEnd, latestEndsAt, version, packed] = row
      const [notedUse, notedEnd] = noted(n)
      const [usedAt, endsAt] = [Math.max(recordedUse, notedUse), Math.max(recordedEnd, notedEnd)]
      if (endsAt <= now) return null
      return { n, id, uname, beganAt, usedAt, endsAt, latestEndsAt, version, packed }
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

    /** What there is of an id, whatever the clock says. */
    readStanding(id: string): Standing {
      const row = standing.values(id)[0] as [number, string] | undefined
      if (row !== undefined) return { version: row[0], uname: row[1] }
      return wasEnded.values(id).length > 0 ? 'ended' : 'absent'
    },

    listSessions: newSessionLists(db),

    earliestSessions: (uname: string, limit: number, now: Millis): readonly StoredSession[] =>
      (earliest.values(uname, now, limit) as unknown as StoredRow[]).map(storedOf),

    readUser(uname: string): StoredUser | null {
      const row = user.values(uname)[0]
      return row === undefined ? null : userOf(row)
    },

    listUsers(after: string | null, limit: number): Page<StoredUser> {
      return pageOf(users.values(after, limit + 1).map(userOf), limit, ({ uname }) => uname)
    },

    listSecrets(): Map<string, string> {
      return new Map(secrets.values() as [string, string][])
    },

    ping(): void {
      version.values()
    },
  }
}
