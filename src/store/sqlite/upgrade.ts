import type { Database } from 'bun:sqlite'
import { SetupError } from '../../errors.ts'
import { olderInUse } from '../older.ts'
import { BUSY_TIMEOUT } from './busy.ts'
import { LOCK_TIMEOUT, tryHold, whenGiven } from './lock.ts'
import { migrate, NEWEST, requireOurs } from './schema.ts'

/**
 * Brings a file to this version of the schema for a process that does not hold its lock, such as a command. It holds the lock
 * meanwhile, so that no server of an older version starts. Refuses a file on which such a server is running.
 */
export async function upgradeBeside(db: Database, path: string): Promise<void> {
  const found = requireOurs(db, path)
  if (found === NEWEST) return
  // In a transaction that waits for whoever is migrating.
  const readVersion = db.transaction(() => requireOurs(db, path))
  const attempt = () => {
    const lock = tryHold(path)
    if (lock === null) return readVersion.immediate() === NEWEST ? 'is new' : null
    try {
      migrate(db, path)
      return 'is new'
    } finally {
      lock.close()
    }
  }
  // An empty file whose lock is held is that of a first start, which takes as long as it takes.
  const timeout = found === 0 ? BUSY_TIMEOUT : LOCK_TIMEOUT
  if ((await whenGiven(attempt, timeout)) !== null) return
  const schema = requireOurs(db, path)
  if (schema === 0) {
    throw new SetupError(
      `${path} is empty, and another process that does not let go is making it. Stop that one first.`,
    )
  }
  throw new SetupError(
    olderInUse({
      store: path,
      schema,
      newest: NEWEST,
      use: 'a server of an older version is running on it',
      remedy: 'Stop that server and start this version',
    }),
  )
}
