import type { Database } from 'bun:sqlite'
import type { Millis } from '../store.ts'

/** Deletes a session with its attributes and what was noted of its use. */
export function newRemove(db: Database) {
  const session = db.query('DELETE FROM sessions WHERE n = ?1 RETURNING attributes IS NULL')
  const attributes = db.query('DELETE FROM attributes WHERE session = ?')
  const use = db.query('DELETE FROM uses WHERE n = ?')
  return (n: number) => {
    const hasRows = session.values(n)[0]?.[0] === 1
    if (hasRows) attributes.run(n)
    use.run(n)
  }
}

/** Ends the sessions of these rows, each the columns `n, id`; how many. Deleted and not marked, so that no clock can revive them. */
export function newEnd(db: Database) {
  const remove = newRemove(db)
  const remember = db.query('INSERT INTO ended VALUES (?, ?)')
  return (rows: readonly unknown[][], now: Millis): number => {
    for (const [n, id] of rows) {
      remove(n as number)
      remember.run(id as string, now)
    }
    return rows.length
  }
}
