import type { Database } from 'bun:sqlite'
import type { Keeping, StoredEvent } from '../store.ts'

/** The writes of events. */
export function eventWrites(db: Database) {
  const add = db.query('INSERT INTO events (at, kind, uname, text, source) VALUES (?, ?, ?, ?, ?)')
  const firstBeyond = db.query(
    'SELECT n FROM events WHERE kind = ? AND source = ? ORDER BY n DESC LIMIT 1 OFFSET ?',
  )
  const forget = db.query('DELETE FROM events WHERE kind = ? AND source = ? AND n <= ?')
  // Up to the first that is younger: they come about in the order of their instants.
  const forgetOld = db.query(
    'DELETE FROM events WHERE n < ifnull((SELECT n FROM events WHERE at >= ?1 ORDER BY n LIMIT 1), (SELECT max(n) FROM events))',
  )

  return {
    appendEvents(events: readonly StoredEvent[], { most, since }: Keeping): void {
      const groups = new Map<string, readonly [kind: string, source: string]>()
      for (const { at, kind, uname, text, source = '' } of events) {
        add.run(at, kind, uname, text, source)
        groups.set(`${kind} ${source}`, [kind, source])
      }
      for (const [kind, source] of groups.values()) {
        const beyond = firstBeyond.values(kind, source, most)[0]?.[0] as number | undefined
        if (beyond !== undefined) forget.run(kind, source, beyond)
      }
      forgetOld.run(since)
    },
  }
}
