import type { Database } from 'bun:sqlite'
import type { Millis, Page, ReadSession, StoredSession, StoredUser } from '../store.ts'
import { LARGEST } from './hot.ts'
import { COLUMNS, liveOf, type Row, sessionOf, userOf } from './rows.ts'

/** What `readSession` found: `isWhole` if no attribute is missing. `bytes` is the size of all there are. */
export interface Found {
  readonly session: ReadSession
  readonly bytes: number
  readonly isWhole: boolean
}

/** Everything that is read from the file. A read sees what was committed before it and never waits for a commit. */
export function newReads(db: Database) {
  const session = db.query(`SELECT ${COLUMNS} FROM sessions WHERE id = ? AND ends_at > ?`)
  const all = db.query('SELECT key, value FROM attributes WHERE session = ?')
  const one = db.query('SELECT value FROM attributes WHERE session = ? AND key = ?')
  const ofAll = db.query(
    `SELECT ${COLUMNS} FROM sessions WHERE n < ?1 AND ends_at > ?2 ORDER BY n DESC LIMIT ?3`,
  )
  const ofUser = db.query(
    `SELECT ${COLUMNS} FROM sessions WHERE uname = ?4 AND n < ?1 AND ends_at > ?2 ORDER BY n DESC LIMIT ?3`,
  )
  const user = db.query('SELECT * FROM users WHERE uname = ?')
  const users = db.query('SELECT * FROM users WHERE ?1 IS NULL OR uname > ?1 ORDER BY uname LIMIT ?2')
  const version = db.query('PRAGMA user_version')

  const readAttributes = (n: number, keys: readonly string[] | 'all') => {
    if (keys === 'all') return new Map(all.values(n) as [string, string][])
    const attributes = new Map<string, string>()
    for (const key of keys) {
      const row = one.values(n, key)[0]
      if (row !== undefined) attributes.set(key, row[0] as string)
    }
    return attributes
  }
  // A transaction, so that the session and its attributes are of one instant.
  const readBoth = db.transaction(
    (id: string, keys: readonly string[] | 'all', now: Millis): Found | null => {
      const row = session.values(id, now)[0] as unknown as Row | undefined
      if (row === undefined) return null
      const bytes = row[10]
      const isWhole = keys === 'all' || bytes <= LARGEST
      return {
        session: { ...liveOf(row), attributes: readAttributes(row[0], isWhole ? 'all' : keys) },
        bytes,
        isWhole,
      }
    },
  )

  return {
    /** A session with the named attributes, or with all of them where they are few, which is quicker to ask for than to name them. */
    readSession: readBoth,

    listSessions(
      uname: string | null,
      after: string | null,
      limit: number,
      now: Millis,
    ): Page<StoredSession> {
      const from = after === null ? Number.MAX_SAFE_INTEGER : Number(after)
      const asked = limit + 1
      const rows = uname === null ? ofAll.values(from, now, asked) : ofUser.values(from, now, asked, uname)
      const items = rows.slice(0, limit) as unknown as Row[]
      return { items: items.map(sessionOf), next: rows.length > limit ? String(items.at(-1)?.[0]) : null }
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

    ping(): void {
      version.values()
    },
  }
}
