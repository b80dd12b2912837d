import { SQLiteError } from 'bun:sqlite'
import { type Backoff, retry } from '../../wait.ts'

/** Milliseconds to wait for another process, such as the command line's, that is writing. */
export const BUSY_TIMEOUT = 5_000

/** Between two attempts. */
const BACKOFF: Backoff = { first: 10, longest: 10 }

/**
 * Does what opens a database, and tries again while others are opening it: SQLite does not wait by itself for whoever is changing the
 * mode of the journal or reading a log that a killed process has left.
 */
export const whenNotBusy = <T>(open: () => T | Promise<T>): Promise<T> =>
  retry(open, { millis: BUSY_TIMEOUT, backoff: BACKOFF, passes: isBusy })

const isBusy = (error: unknown) =>
  error instanceof SQLiteError && /^SQLITE_BUSY|^SQLITE_LOCKED/.test(error.code ?? '')
