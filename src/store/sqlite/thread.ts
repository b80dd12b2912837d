import { Database } from 'bun:sqlite'
import { BUSY_TIMEOUT, whenNotBusy } from './busy.ts'
import { Changes } from './changes.ts'
import { CLOSE, CLOSE_MOVED, type Opening } from './opening.ts'
import { migrate } from './schema.ts'
import { isFull, sentenceOf } from './sentences.ts'
import { upgradeBeside } from './upgrade.ts'
import type { Said, Write } from './writer.ts'
import { newWrites, type Writes } from './writes.ts'

/**
 * The thread that writes: the only connection of this process that changes the file. First message: an `Opening`. Every later one: a
 * batch of writes as JSON, which become one transaction; the answer goes out after the transaction is on disk. The last one: `CLOSE` or
 * `CLOSE_MOVED`.
 */
declare const self: Worker

const say = (said: Said) => self.postMessage(JSON.stringify(said))

async function open({ path, alone }: Opening): Promise<Database> {
  const db = new Database(path, { create: true, strict: true })
  try {
    await prepare(db, { path, alone })
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

async function prepare(db: Database, { path, alone }: Opening): Promise<void> {
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`)
  // Whoever opens it alone holds the lock already.
  if (alone) migrate(db, path)
  else await upgradeBeside(db, path)
  const [[mode]] = db.query('PRAGMA journal_mode = WAL').values() as [[string]]
  if (mode !== 'wal') throw new Error(`its log cannot be kept there (journal mode ${mode})`)
  // FULL: the log is synced before a commit returns, so that what was answered survives the loss of power; on macOS that takes more.
  db.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1')
  // Pages of the log that are folded into the file at once, while puts wait: with 4,000 one in a hundred waits 25 ms instead of 10, and
  // each takes a twentieth less CPU at most. With fewer a disk that is slow to sync would do little else.
  db.exec('PRAGMA wal_autocheckpoint = 1000')
  // Pages that this connection keeps, in KiB (negative: not their number): every page that it does not have costs a system call.
  db.exec('PRAGMA cache_size = -32768')
  // Bytes that the log keeps when it has been longer, as during a backup.
  db.exec('PRAGMA journal_size_limit = 67108864')
}

function serve(db: Database, path: string, changes: Changes | null): void {
  const writes = newWrites(db) as unknown as Record<keyof Writes, (...args: readonly unknown[]) => unknown>
  let hasBegun = false
  const commit = db.transaction((batch: readonly Write[]) => {
    const results = batch.map(([name, args]) => writes[name](...args))
    // While the file is locked, so that no other commit comes between.
    changes?.begin()
    hasBegun = true
    return results
  })
  const attempt = (batch: readonly Write[]): Said => {
    hasBegun = false
    try {
      return { results: commit.immediate(batch) }
    } catch (error) {
      return { failed: { full: isFull(error), message: sentenceOf(error, path) } }
    } finally {
      if (hasBegun) changes?.done()
    }
  }
  self.onmessage = ({ data }: MessageEvent<string>) => {
    if (data === CLOSE || data === CLOSE_MOVED) {
      if (data === CLOSE_MOVED) emptyLog(db)
      db.close()
      say({ closed: true })
      return
    }
    const batch = JSON.parse(data) as readonly Write[]
    let said = attempt(batch)
    // The log itself may be what fills the disk: folded into the file it leaves room.
    if ('failed' in said && said.failed.full && foldLog(db)) said = attempt(batch)
    say(said)
  }
}

/** Whether all of the log could be folded into the file without waiting for a reader; the next write then begins the log anew. */
function foldLog(db: Database): boolean {
  try {
    const [[, pages, folded]] = db.query('PRAGMA wal_checkpoint(PASSIVE)').values() as [
      [number, number, number],
    ]
    return pages === folded
  } catch {
    return false
  }
}

/**
 * SQLite folds the log of a file that was moved neither by itself nor deletes it, and whatever is at the path by then would be opened with
 * that log: a backup that was put there would be spoilt, and a file that was moved away would lack what was written last.
 */
function emptyLog(db: Database): void {
  try {
    db.exec('PRAGMA busy_timeout = 1000; PRAGMA wal_checkpoint(TRUNCATE)')
  } catch {
    // Its disk may be gone too.
  }
}

self.onmessage = async ({ data: opening }: MessageEvent<Opening>) => {
  const { path, alone } = opening
  try {
    const db = await whenNotBusy(() => open(opening))
    const changes = new Changes(path)
    if (alone) db.transaction(() => changes.settle()).immediate()
    serve(db, path, alone ? null : changes)
    say({ ready: true })
  } catch (error) {
    say({ refused: sentenceOf(error, path) })
  }
}
