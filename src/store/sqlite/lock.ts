import { Database } from 'bun:sqlite'
import { SetupError } from '../../errors.ts'
import { makeFile } from './ownership.ts'
import { sentenceOf } from './sentences.ts'

/**
 * Holds `PATH.lock` until it is closed or the process ends in whatever way; a second holder is refused. The lock is SQLite's own, on
 * an empty database, since the kernel lets go of it with the process and a killed server leaves nothing behind to clean up.
 */
export function holdAlone(path: string): { close(): void } {
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
  } catch (cause) {
    lock.close()
    throw new SetupError(
      `Another server is running on ${path}, or a copy is under way. Stop it first, or name another place with --data or --store.`,
      { cause },
    )
  }
  return lock
}
