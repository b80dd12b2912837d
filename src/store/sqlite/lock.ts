import { Database } from 'bun:sqlite'
import { SetupError } from '../../errors.ts'
import { makeFile } from './ownership.ts'
import { sentenceOf } from './sentences.ts'

/** What keeps others from a file until it is closed. */
export interface Lock {
  close(): void
}

/**
 * Milliseconds to wait for the lock of a file: a command holds it while it migrates, and a server of this version holds it
 * for a moment before it has migrated. A process that holds it for longer is a server or a copy.
 */
export const LOCK_TIMEOUT = 2_000

/** Milliseconds between two attempts. */
const PAUSE = 20

/**
 * Holds `PATH.lock` until it is closed or the process ends in whatever way; a second holder is refused. The lock is SQLite's own, on
 * an empty database, since the kernel lets go of it with the process and a killed server leaves nothing behind to clean up.
 */
export async function holdAlone(path: string): Promise<Lock> {
  const lock = await whenGiven(() => tryHold(path), LOCK_TIMEOUT)
  if (lock !== null) return lock
  throw new SetupError(
    `Another server is running on ${path}, or a copy is under way. Stop it first, or name another place with --data or --store.`,
  )
}

/** Holds the same lock, or returns null: another process holds it. Every version of this program takes it in the same way. */
export function tryHold(path: string): Lock | null {
  const file = `${path}.lock`
  let lock: Database
  try {
    makeFile(file, path)
    lock = new Database(file)
  } catch (cause) {
    throw new SetupError(sentenceOf(cause, path), { cause })
  }
  try {
    lock.exec('PRAGMA journal_mode = MEMORY')
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch {
    lock.close()
    return null
  }
}

/** Tries until there is something, for this many milliseconds. Null: there was nothing. */
export async function whenGiven<T>(attempt: () => T | null, timeout: number): Promise<T | null> {
  const deadline = performance.now() + timeout
  for (;;) {
    const given = attempt()
    if (given !== null || performance.now() > deadline) return given
    await Bun.sleep(PAUSE)
  }
}
