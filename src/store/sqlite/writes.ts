import type { Database } from 'bun:sqlite'
import { attributeWrites } from './attribute-writes.ts'
import { counterWrites } from './counter-writes.ts'
import { eventWrites } from './event-writes.ts'
import { sessionWrites } from './session-writes.ts'
import { userWrites } from './user-writes.ts'

/** Everything that changes the file, by name: what the thread that writes is asked for. Each runs inside a transaction of the caller's. */
export type Writes = ReturnType<typeof newWrites>

export function newWrites(db: Database) {
  return {
    ...sessionWrites(db),
    ...attributeWrites(db),
    ...userWrites(db),
    ...counterWrites(db),
    ...eventWrites(db),
  }
}
