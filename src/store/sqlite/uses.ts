import type { Database } from 'bun:sqlite'
import type { Millis } from '../store.ts'

/** What was noted of a session since its own row was written: its last use, and its end, which the later of both ends settles. */
export type Noted = readonly [usedAt: Millis, endsAt: Millis]

const NOTHING: Noted = [0, 0]

/**
 * What was noted of the session of a number. For a single session a statement of its own: joined to the one that finds the session it
 * takes three times as long.
 */
export function newNoted(db: Database): (n: number) => Noted {
  const find = db.query('SELECT used_at, ends_at FROM uses WHERE n = ?')
  return (n) => (find.values(n)[0] as Noted | undefined) ?? NOTHING
}
