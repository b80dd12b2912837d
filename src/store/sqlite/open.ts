import { Database } from 'bun:sqlite'
import { existsSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { SetupError, StoreFault } from '../../errors.ts'
import { newNodeReports } from '../reports.ts'
import type { Attributes, LiveSession, Millis, ReadSession, Store } from '../store.ts'
import { BUSY_TIMEOUT, whenNotBusy } from './busy.ts'
import { Changes } from './changes.ts'
import { HotSessions } from './hot.ts'
import { holdAlone } from './lock.ts'
import { LongReads } from './long-reads.ts'
import type { Opening } from './opening.ts'
import { makeFile, makeFolders } from './ownership.ts'
import { type Packed, unpack, valueIn } from './packed.ts'
import { requirePlace } from './place.ts'
import { Presence } from './presence.ts'
import { newReads } from './reads.ts'
import { sentenceOf } from './sentences.ts'
import { bytesOf } from './size.ts'
import { Snapshot } from './snapshot.ts'
import { touchInSteps } from './touch.ts'
import { Watches } from './watches.ts'
import { type Said, Writer } from './writer.ts'

/** Milliseconds between two looks whether the file is still at its path, where nobody writes. */
const PRESENCE_PERIOD_MS = 1_000

/** How a file is opened. */
export interface SqliteOptions {
  /** Keeps any other process from opening it alone at the same time, as a server does; only then are sessions kept in memory. */
  readonly alone: boolean
  /** Whether a file that is missing is made. */
  readonly create: boolean
  /** Told, once, that the store will never write again: reads go on, and every write is rejected with this fault. */
  lost?(fault: StoreFault): void
}

/**
 * A store in one SQLite file. Reads run on the calling thread, writes on one of their own, where those that gather are committed
 * together and synced to the disk before they are answered. Throws a `SetupError` that names the file and the remedy if it cannot be
 * used; then it is left as it was.
 */
export async function openSqliteStore(path: string, options: SqliteOptions): Promise<Store> {
  const { alone, create } = options
  if (!create && !existsSync(path)) {
    throw new SetupError(
      `There is no database at ${path}. Name another place with --data or --store${alone ? '' : '; cloakroom serve makes a new one'}.`,
    )
  }
  makePlace(path)
  // What keeps processes apart, and tells one of the commits of another, are files beside it: to be found by whatever name it was given.
  const file = realpathSync(path)
  const lock = alone ? await holdAlone(file) : null
  let thread: Worker | null = null
  try {
    const changes = alone ? new Changes(file) : null
    const presence = alone ? new Presence(path) : null
    // By the name that was given, since a link may be set to another file. Before it is opened, so that it is the one that is opened.
    presence?.expect([path, `${file}.lock`, `${file}.changes`])
    thread = await startThread({ path: file, alone })
    presence?.expect([`${file}-wal`, `${file}-shm`])
    const db = new Database(file, { readonly: true, strict: true })
    const { reads, hot, snapshot, watches } = await whenNotBusy(() => readsOf(db, file, changes))
    const writer = new Writer(thread, {
      beginWriting() {
        snapshot.beginWriting()
        watches.beginWriting()
      },
      committed(write, result) {
        hot?.committed(write, result)
        watches.committed(write, result)
      },
      endWriting() {
        snapshot.endWriting()
        watches.endWriting()
      },
      missing: () => presence?.lookOften() ?? null,
      lost: (fault) => options.lost?.(fault),
    })
    const lookWhetherThere = () => {
      const missing = presence?.look() ?? null
      if (missing !== null) writer.leave(missing)
    }
    lookWhetherThere()
    // Also where nobody writes: what is read is no longer what the next start will find.
    const looking = alone ? setInterval(lookWhetherThere, PRESENCE_PERIOD_MS).unref() : null
    const longReads = new LongReads(file)
    // Now, since there may be no room for it when somebody asks.
    if (alone) await longReads.begin()
    return {
      readsAtOnce: true,
      insertSession: (session) => writer.ask('insertSession', session),
      restoreSession: (session, attributes) => writer.ask('restoreSession', session, [...attributes]),
      readSession: reads.readSession,
      findSessions: reads.findSessions,
      putAttributes: (id, attributes, bounds, condition) =>
        writer.ask('putAttributes', id, [...attributes], bounds, condition),
      removeAttributes: (id, keys, condition) => writer.ask('removeAttributes', id, keys, condition),
      touchSessions: (uses, now) => touchInSteps(uses, now, { writer, hot }),
      positionOf: (id) => hot?.numberOf(id) ?? null,
      endSession: async (handle, uname, reason, now) =>
        (await writer.ask('endSession', handle, uname, reason, now)) !== null,
      endSessions: (limit, now) => writer.ask('endSessions', limit, now),
      // There may be few of an address, and many to look at. Of a user or of all, a page has about as many as are looked at.
      listSessions: (filter, after, limit, now) =>
        filter.address === undefined
          ? reads.listSessions(filter, after, limit, now)
          : longReads.ask('listSessions', filter, after, limit, now),
      earliestSessions: reads.earliestSessions,
      countSessions: (uname, now) => longReads.ask('countSessions', uname, now),
      watchSession: reads.watchSession,
      sweepSessions: async (endedBefore, limit) =>
        (await writer.ask('sweepSessions', endedBefore, limit)).length,
      insertUser: (user) => writer.ask('insertUser', user),
      readUser: reads.readUser,
      listUsers: reads.listUsers,
      updateUser: (uname, change, revocation, rule) =>
        writer.ask('updateUser', uname, change, revocation, rule),
      deleteUser: (uname, rule) => writer.ask('deleteUser', uname, rule),
      readSecret: (name, candidate) => writer.ask('readSecret', name, candidate),
      listSecrets: reads.listSecrets,
      addToCounter: (name, by, window, now) => writer.ask('addToCounter', name, by, window, now),
      appendEvents: (events, keeping) => writer.ask('appendEvents', events, keeping),
      listEvents: (filter, after, limit) => longReads.ask('listEvents', filter, after, limit),
      ...newNodeReports(),
      measureBytes: () => bytesOf(file),
      // A disk that is full, or another process that keeps the file locked, leaves reads as they are.
      ping: async () => {
        lookWhetherThere()
        writer.requireThere()
        await reads.ping()
      },
      async close() {
        if (looking !== null) clearInterval(looking)
        try {
          watches.close()
          await longReads.close()
          snapshot.close()
          db.close()
        } finally {
          // Last, so that the thread's connection is the one that folds the log into the file; and whatever failed before, since the
          // thread keeps the process from ending, and the lock keeps others out.
          await writer.close()
          lock?.close()
        }
      },
    }
  } catch (cause) {
    thread?.terminate()
    lock?.close()
    throw new SetupError(sentenceOf(cause, path), { cause })
  }
}

/** Only the owner may read it: it holds the hashes of passwords and of tokens. */
function makePlace(path: string): void {
  requirePlace(path)
  try {
    makeFolders(dirname(path))
    // By its own name, since the file may be named by a link.
    const file = existsSync(path) ? realpathSync(path) : path
    makeFile(file, dirname(file))
  } catch (cause) {
    throw new SetupError(sentenceOf(cause, path), { cause })
  }
}

async function startThread(opening: Opening): Promise<Worker> {
  const { path } = opening
  const thread = new Worker(new URL('./thread.ts', import.meta.url))
  const said = await new Promise<Said>((resolve) => {
    thread.onmessage = ({ data }: MessageEvent<string>) => resolve(JSON.parse(data))
    thread.onerror = (event) => resolve({ refused: `${path} cannot be opened: ${event.message}` })
    thread.addEventListener('close', () =>
      resolve({ refused: `${path} cannot be opened: the thread that writes has ended.` }),
    )
    thread.postMessage(opening)
  })
  if ('ready' in said) return thread
  thread.terminate()
  throw new SetupError('refused' in said ? said.refused : `${path} cannot be opened.`)
}

/** The reads as promises, which a failing file rejects with a `StoreFault`. */
function readsOf(db: Database, path: string, changes: Changes | null) {
  // Another process may be opening the file; and pages of it that this connection keeps, in KiB (negative: not their number).
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}; PRAGMA cache_size = -65536`)
  const file = newReads(db)
  const hot = changes === null ? null : new HotSessions(changes)
  const snapshot = new Snapshot(db, changes)
  const watches = new Watches((ids) => snapshot.read(() => ids.map((id) => file.readStanding(id))), changes)
  // Async, so that what fails is a promise that is rejected.
  const reading = async <T>(read: () => T): Promise<T> => {
    try {
      return read()
    } catch (cause) {
      throw new StoreFault('store_unavailable', sentenceOf(cause, path), cause)
    }
  }
  const attempt = <T>(read: () => T) => reading(() => snapshot.read(read))
  const readFile = (id: string, keys: readonly string[] | 'all', now: Millis): ReadSession | null => {
    const found = file.findSession(id, now)
    if (found === null) return null
    const { packed } = found
    if (packed === null) return withAttributes(found, file.readAttributes(found.n, keys))
    hot?.keep({ ...found, packed })
    return withAttributes(found, namedIn(packed, keys))
  }
  const reads = {
    readSession: (id, keys, now) => {
      const known = hot?.find(id, now) ?? null
      if (known !== null) return Promise.resolve(withAttributes(known, namedIn(known.packed, keys)))
      return attempt(() => readFile(id, keys, now))
    },
    findSessions: (ids, now) =>
      attempt(() => ids.flatMap((id) => file.findSession(id, now) ?? []).map(liveOf)),
    watchSession: (id, tell) => reading(() => watches.watch(id, tell)),
    listSessions: (...args) => attempt(() => file.listSessions(...args)),
    earliestSessions: (...args) => attempt(() => file.earliestSessions(...args)),
    readUser: (uname) => attempt(() => file.readUser(uname)),
    listUsers: (...args) => attempt(() => file.listUsers(...args)),
    listSecrets: () => attempt(() => file.listSecrets()),
    ping: () => attempt(() => file.ping()),
  } satisfies Partial<Store>
  return { reads, hot, snapshot, watches }
}

/** The session as a store tells it. Written out, since every read makes one and a spread takes five times as long. */
function withAttributes(session: LiveSession, attributes: Attributes): ReadSession {
  const { id, uname, beganAt, usedAt, endsAt, latestEndsAt, version } = session
  return { id, uname, beganAt, usedAt, endsAt, latestEndsAt, version, attributes }
}

const liveOf = (session: LiveSession): LiveSession => {
  const { id, uname, beganAt, usedAt, endsAt, latestEndsAt, version } = session
  return { id, uname, beganAt, usedAt, endsAt, latestEndsAt, version }
}

/** Those of the attributes that were asked for. */
function namedIn(packed: Packed, keys: readonly string[] | 'all'): Attributes {
  if (keys === 'all') return unpack(packed)
  const attributes = new Map<string, string>()
  for (const key of keys) {
    const value = valueIn(packed, key)
    if (value !== undefined) attributes.set(key, value)
  }
  return attributes
}
