import { randomUUID } from 'node:crypto'
import type { SQL } from 'bun'
import { StoreFault } from '../../errors.ts'
import { type Backoff, pauseAfter, within } from '../../wait.ts'
import type { Millis } from '../store.ts'
import { changeIn, type Source, Watches } from '../watches.ts'
import { newClient } from './connection.ts'
import { faultOf } from './faults.ts'
import type { Pool } from './pool.ts'
import { bytesOf, idOf } from './rows.ts'
import type { Place } from './url.ts'

/** In time: a late one would let go of a session that is watched again by then, or the other way about. */
const WATCH = 'SELECT cloakroom.require_in_time($3) FROM cloakroom.watch($1, $2)'
const UNWATCH = 'SELECT cloakroom.require_in_time($3) FROM cloakroom.unwatch($1, $2)'
const BEAT = 'SELECT cloakroom.beat($1)'
const LEAVE = 'SELECT cloakroom.leave($1)'

/** What the database tells of sessions that are watched; `watch-functions.ts` says in what words. */
const CHANNEL = 'cloakroom'

/**
 * So many times the timeout are between two looks whether what is told arrives. The database takes a node for dead that has not looked for
 * a minute.
 */
const PERIOD = 5

/** Between attempts to listen again. */
const RELISTEN: Backoff = { first: 20, longest: 1_000 }

/** Sessions in one statement. */
const AT_ONCE = 500

/** A connection that listens, under a name of its own, so that what is still done under an earlier one is nothing to it. */
interface Ear {
  readonly name: string
  readonly client: SQL
  /** The sessions that the database knows to be watched under this name. */
  readonly marked: Set<string>
  /** Of these it was told that something was missed while this connection was opened, and they were marked by then. */
  readonly told: Set<string>
  /** When it last heard of itself. */
  heard: PromiseWithResolvers<void>
  isLost: boolean
}

/**
 * Listens on one connection, which there is while anybody watches a session, and tells who watches what. When the connection was lost,
 * everybody is told that something was missed once there is another.
 */
export class Listener implements Source {
  readonly watches = new Watches(this)
  readonly #pool: Pool
  readonly #place: Place
  readonly #timeout: Millis
  readonly #wanted = new Set<string>()
  #ear: Ear | null = null
  #opening: Promise<Ear> | null = null
  /** Whether there were watches while nobody listened. */
  #hasMissed = false
  #isRecovering = false
  #beating: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(pool: Pool, place: Place, timeout: Millis) {
    this.#pool = pool
    this.#place = place
    this.#timeout = timeout
  }

  async begin(id: string): Promise<void> {
    if (bytesOf(id) === null) return
    this.#wanted.add(id)
    // Also where it is marked already: so the database is asked whether it is there.
    await this.#mark(await this.#listening(), [id])
  }

  async end(id: string): Promise<void> {
    this.#wanted.delete(id)
    if (this.#ear !== null && bytesOf(id) !== null) await this.#unmark(this.#ear, id)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.watches.clear()
    this.#wanted.clear()
    await this.#opening?.catch(() => {})
    if (this.#ear !== null) await this.#leave(this.#ear)
  }

  #listening(): Promise<Ear> {
    if (this.#ear !== null) return Promise.resolve(this.#ear)
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null
    })
    return this.#opening
  }

  async #open(): Promise<Ear> {
    if (this.#isClosed) throw new StoreFault('store_unavailable', 'The store is closed.', null)
    const client = newClient(this.#place, this.#timeout, undefined, () => this.#lose(ear))
    const ear: Ear = {
      name: `cloakroom ${randomUUID()}`,
      client,
      marked: new Set(),
      told: new Set(),
      heard: Promise.withResolvers(),
      isLost: false,
    }
    try {
      await this.#inTime(client.listen(CHANNEL, (payload) => this.#hear(ear, payload)))
      await this.#inTime(client.listen(ear.name, () => ear.heard.resolve()))
      await this.#pool.run(BEAT, [ear.name])
      await this.#markAll(ear)
      if (ear.isLost) throw new StoreFault('store_unavailable', 'The connection that listens was cut.', null)
    } catch (error) {
      ear.isLost = true
      void client.close({ timeout: 0 })
      throw faultOf(error)
    }
    this.#ear = ear
    this.#beating ??= setInterval(() => void this.#beat(), this.#timeout * PERIOD).unref()
    if (this.#hasMissed) this.watches.tellMissed(ear.told)
    this.#hasMissed = false
    ear.told.clear()
    return ear
  }

  #inTime<T>(asked: Promise<T>): Promise<T> {
    return within(
      this.#timeout / 2,
      asked,
      () => new StoreFault('store_unavailable', 'The connection that listens is not answered.', null),
    )
  }

  #hear(ear: Ear, payload: string): void {
    // What still comes by a connection that was given up is behind a gap of which nobody has been told yet.
    if (ear.isLost) return
    const at = payload.indexOf(' ')
    const id = idOf(Buffer.from(payload.slice(0, at), 'hex'))
    if (this.#hasMissed && !ear.told.has(id)) {
      this.watches.tell(id, { kind: 'missed' })
      // Until it is marked it is heard only as far as others watch it, so there may be another gap.
      if (ear.marked.has(id)) ear.told.add(id)
    }
    this.watches.tell(id, changeIn(payload.slice(at)))
  }

  async #markAll(ear: Ear): Promise<void> {
    const ids = [...this.#wanted]
    for (let at = 0; at < ids.length; at += AT_ONCE) await this.#mark(ear, ids.slice(at, at + AT_ONCE))
    // Those that were let go of meanwhile, perhaps before they were marked.
    for (const id of ids) if (!this.#wanted.has(id)) await this.#unmark(ear, id)
  }

  async #mark(ear: Ear, ids: readonly string[]): Promise<void> {
    await this.#pool.change(WATCH, [ear.name, ids.map(bytesOf)])
    for (const id of ids) ear.marked.add(id)
  }

  async #unmark(ear: Ear, id: string): Promise<void> {
    try {
      await this.#pool.change(UNWATCH, [ear.name, [bytesOf(id)]])
      ear.marked.delete(id)
    } catch {
      // It is still among those that are marked, and let go of at the next look.
    }
  }

  /** Calls for it on its own channel: a connection may be dead without anybody saying so. */
  async #beat(): Promise<void> {
    const ear = this.#ear
    if (ear === null) return
    if (this.#wanted.size === 0) return this.#leave(ear)
    ear.heard = Promise.withResolvers()
    try {
      const [[wasKnown] = [false]] = await this.#pool.run(BEAT, [ear.name])
      // The database has lost what it knew, or taken this node for dead.
      if (wasKnown === false) return this.#lose(ear)
    } catch {
      // While the database does not answer nothing is written either, and a connection that is cut says so.
      return
    }
    try {
      await this.#inTime(ear.heard.promise)
      for (const id of [...ear.marked]) if (!this.#wanted.has(id)) await this.#unmark(ear, id)
    } catch {
      this.#lose(ear)
    }
  }

  /** What is marked under its name goes with it, now or when the database takes it for dead. */
  async #leave(ear: Ear): Promise<void> {
    this.#forget(ear)
    await this.#pool.run(LEAVE, [ear.name]).catch(() => {})
  }

  #lose(ear: Ear): void {
    if (ear.isLost) return
    const wasOpen = this.#ear === ear
    this.#forget(ear)
    if (!wasOpen) return
    this.#hasMissed = true
    void this.#recover(ear)
  }

  #forget(ear: Ear): void {
    ear.isLost = true
    if (this.#ear === ear) this.#ear = null
    if (this.#beating !== null) clearInterval(this.#beating)
    this.#beating = null
    void ear.client.close({ timeout: 0 })
  }

  async #recover(lost: Ear): Promise<void> {
    if (this.#isRecovering) return
    this.#isRecovering = true
    for (let attempts = 0; this.#wanted.size > 0; attempts++) {
      const isListening = await this.#listening().then(
        () => true,
        () => false,
      )
      if (isListening) break
      await Bun.sleep(pauseAfter(attempts, RELISTEN))
    }
    this.#isRecovering = false
    if (!this.#isClosed) await this.#pool.run(LEAVE, [lost.name]).catch(() => {})
  }
}
