import { Database } from 'bun:sqlite'
import { migrate } from './schema.ts'
import { isFull, sentenceOf } from './sentences.ts'
import type { Ask, Said } from './writer.ts'
import { newWrites, type Writes } from './writes.ts'

/**
 * The thread that writes: the only connection of this process that changes the file. First message: the path of the file. Every
 * later one: a batch of asks, which become one transaction. The answer goes out after the transaction is on disk.
 */
declare const self: Worker

const say = (said: Said) => self.postMessage(said)

/** Milliseconds to wait for another process, such as the command line's, that is writing. */
const BUSY_TIMEOUT = 5_000

function open(path: string): Database {
  const db = new Database(path, { create: true, strict: true })
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`)
  migrate(db, path)
  db.exec('PRAGMA journal_mode = WAL')
  // FULL: the log is synced before a commit returns, so that what was answered survives the loss of power.
  db.exec('PRAGMA synchronous = FULL')
  return db
}

function serve(db: Database): void {
  const writes = newWrites(db) as unknown as Record<keyof Writes, (...args: readonly unknown[]) => unknown>
  const commit = db.transaction((batch: readonly Ask[]) => batch.map(([name, args]) => writes[name](...args)))
  self.onmessage = ({ data }: MessageEvent<readonly Ask[]>) => {
    try {
      say({ results: commit.immediate(data) })
    } catch (error) {
      say({ failed: { full: isFull(error), message: String(error) } })
    }
  }
}

self.onmessage = ({ data: path }: MessageEvent<string>) => {
  try {
    serve(open(path))
    say({ ready: true })
  } catch (error) {
    say({ refused: sentenceOf(error, path) })
  }
}
