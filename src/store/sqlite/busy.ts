import { SQLiteError } from 'bun:sqlite'

/** Milliseconds to wait for another process, such as the command line's, that is writing. */
export const BUSY_TIMEOUT = 5_000

/** Milliseconds between two attempts. */
const PAUSE = 10

/**
 * Does what opens a database, and tries again while others are opening it: SQLite does not wait by itself for whoever is changing the
 * mode of the journal or reading a log that a killed process has left.
 */
export async function whenNotBusy<T>(open: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + BUSY_TIMEOUT
  for (;;) {
    try {
      return await open()
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
      await Bun.sleep(PAUSE)
    }
  }
}

const isBusy = (error: unknown) =>
  error instanceof SQLiteError && /^SQLITE_BUSY|^SQLITE_LOCKED/.test(error.code ?? '')
