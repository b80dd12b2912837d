import type { Database } from 'bun:sqlite'
import type { Counter, Millis } from '../store.ts'

/** The writes of counters. */
export function counterWrites(db: Database) {
  const find = db.query(
    'SELECT count, ends_at FROM counters WHERE name = ?1 AND ends_at > ?2 AND ends_at <= ?2 + ?3',
  )
  const write = db.query('INSERT OR REPLACE INTO counters VALUES (?, ?, ?)')

  return {
    addToCounter(name: string, by: number, window: Millis, now: Millis): Counter {
      const [count, endsAt] = (find.values(name, now, window)[0] ?? [0, now + window]) as [number, Millis]
      const after = Math.max(0, count + by)
      if (after !== count) write.run(name, after, endsAt)
      return { count: after, endsAt }
    },
  }
}
