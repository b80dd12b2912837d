import { Database } from 'bun:sqlite'
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SetupError, StoreFault } from '../../errors.ts'
import type { Store } from '../store.ts'
import { holdAlone } from './lock.ts'
import { newReads } from './reads.ts'
import { type Said, Writer } from './writer.ts'

/** How a file is opened: `alone` keeps any other process from opening it alone at the same time, as a server does. */
export interface SqliteOptions {
  readonly alone: boolean
}

/**
 * A store in one SQLite file, made if there is none. Reads run on the calling thread, writes on one of their own, where those that
 * gather are committed together and synced to the disk before they are answered. Throws a `SetupError` that names the file and the
 * remedy if it cannot be used; then it is left as it was.
 */
export async function openSqliteStore(path: string, { alone }: SqliteOptions): Promise<Store> {
  makeFile(path)
  const lock = alone ? holdAlone(path) : null
  try {
    const writer = new Writer(await startThread(path))
    const db = new Database(path, { readonly: true, strict: true })
    const reads = readsOf(db)
    return {
      insertSession: (session) => writer.ask('insertSession', session),
      readSession: reads.readSession,
      putAttributes: (id, attributes, bounds, condition) =>
        writer.ask('putAttributes', id, [...attributes], bounds, condition),
      removeAttributes: (id, keys, condition) => writer.ask('removeAttributes', id, keys, condition),
      touchSessions: (uses, now) => writer.ask('touchSessions', uses, now),
      endSession: (handle, now) => writer.ask('endSession', handle, now),
      endSessionsBegunBefore: (beganBefore, limit, now) =>
        writer.ask('endSessionsBegunBefore', beganBefore, limit, now),
      listSessions: reads.listSessions,
      sweepSessions: (endedBefore, limit) => writer.ask('sweepSessions', endedBefore, limit),
      insertUser: (user) => writer.ask('insertUser', user),
      readUser: reads.readUser,
      listUsers: reads.listUsers,
      updateUser: (uname, change, revocation, rule) =>
        writer.ask('updateUser', uname, change, revocation, rule),
      deleteUser: (uname, rule) => writer.ask('deleteUser', uname, rule),
      readSecret: (name, candidate) => writer.ask('readSecret', name, candidate),
      ping: reads.ping,
      async close() {
        await writer.close()
        db.close()
        lock?.close()
      },
    }
  } catch (error) {
    lock?.close()
    throw error
  }
}

/** Only the owner may read it: it holds the hashes of passwords and of tokens. */
function makeFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
  } catch (cause) {
    const reason = statSync(path, { throwIfNoEntry: false })?.isDirectory()
      ? 'is a folder'
      : 'cannot be written'
    throw new SetupError(
      `${path} ${reason}. Give this user the right to write there, or name another place with --data or --store.`,
      { cause },
    )
  }
}

async function startThread(path: string): Promise<Worker> {
  const thread = new Worker(new URL('./thread.ts', import.meta.url))
  const said = await new Promise<Said>((resolve) => {
    thread.onmessage = ({ data }: MessageEvent<Said>) => resolve(data)
    thread.onerror = (event) => resolve({ refused: `${path} cannot be opened: ${event.message}` })
    thread.postMessage(path)
  })
  if ('ready' in said) return thread
  thread.terminate()
  throw new SetupError('refused' in said ? said.refused : `${path} cannot be opened.`)
}

/** The reads as promises, which a failing file rejects with a `StoreFault`. */
function readsOf(db: Database) {
  // Pages of the file that this connection keeps, in KiB (negative: not a number of pages).
  db.exec('PRAGMA cache_size = -65536')
  const reads = newReads(db)
  const promised =
    <Args extends readonly unknown[], Result>(read: (...args: Args) => Result) =>
    async (...args: Args): Promise<Result> => {
      try {
        return read(...args)
      } catch (cause) {
        throw new StoreFault('store_unavailable', `The database cannot be read: ${cause}`, cause)
      }
    }
  return {
    readSession: promised(reads.readSession),
    listSessions: promised(reads.listSessions),
    readUser: promised(reads.readUser),
    listUsers: promised(reads.listUsers),
    ping: promised(reads.ping),
  }
}
