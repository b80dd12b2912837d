import { Database } from 'bun:sqlite'
import { closeSync, openSync } from 'node:fs'
import { SetupError } from '../../errors.ts'

/**
 * Holds `PATH.lock` until it is closed or the process ends in whatever way; a second holder is refused. The lock is SQLite's own, on
 * an empty database, since the kernel lets go of it with the process and a killed server leaves nothing behind to clean up.
 */
export function holdAlone(path: string): { close(): void } {
  closeSync(openSync(`${path}.lock`, 'a', 0o600))
  const lock = new Database(`${path}.lock`)
  try {
    lock.exec('PRAGMA journal_mode = MEMORY')
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    throw new SetupError(
      `Another server is running on ${path}. Stop it first, or give this one a folder of its own with --data.`,
      { cause },
    )
  }
  return lock
}
