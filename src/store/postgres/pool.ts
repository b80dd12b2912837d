import { StoreFault } from '../../errors.ts'
import type { Millis } from '../store.ts'
import { Connection, lookPeriod, newClient, type Row } from './connection.ts'
import { faultOf, isCut, isLate, isUndone } from './faults.ts'
import type { Place } from './url.ts'

/** How a store is reached over the network. */
export interface Reach {
  /** The longest that anything waits for an answer, in milliseconds. */
  readonly timeout: Millis
  /** How many connections there are at most; two at least. */
  readonly connections: number
}

/** The part of the timeout that a statement may wait for a connection; what is left is what it may then take. */
const PATIENCE = 0.25

/** How many times the timeout a statement has that is known to have much to do. */
const LONG = 30

interface Waiting {
  take(connection: Connection): void
  readonly timer: NodeJS.Timeout
}

/**
 * The connections of one process. A quarter of them is for reads, which wait for nobody and so share a connection, one sent behind the other
 * without waiting for its answer. Each of the others has one statement at a time, since one that waits for a row would keep those behind
 * it waiting. Every failure is a `StoreFault`, within the timeout.
 */
export class Pool {
  readonly #place: Place
  readonly #timeout: Millis
  readonly #all: readonly Connection[]
  readonly #reading: readonly Connection[]
  readonly #idle: Connection[]
  readonly #looking: NodeJS.Timeout
  #waiting: Waiting[] = []
  /** What runs on connections of its own. */
  readonly #long = new Set<Promise<unknown>>()
  #closed: PromiseWithResolvers<void> | null = null

  constructor(place: Place, { timeout, connections }: Reach) {
    this.#place = place
    this.#timeout = timeout
    this.#all = Array.from(
      { length: connections },
      () => new Connection(timeout, (closed) => newClient(place, timeout, undefined, closed)),
    )
    const reading = Math.max(1, Math.floor(connections / 4))
    this.#reading = this.#all.slice(0, reading)
    this.#idle = this.#all.slice(reading)
    this.#looking = setInterval(() => {
      for (const connection of this.#all) connection.look()
    }, lookPeriod(timeout)).unref()
  }

  /** Asks for what changes nothing and locks nothing, and so asks again if the connection was cut: it may have been dead for long. */
  async read(text: string, params: readonly unknown[]): Promise<readonly Row[]> {
    this.#requireOpen()
    const connection = this.#reading.reduce((a, b) => (b.waiting < a.waiting ? b : a))
    const askedAt = performance.now()
    try {
      return await connection.ask(text, params)
    } catch (error) {
      if (!isCut(error) || performance.now() - askedAt > this.#timeout * PATIENCE) throw faultOf(error)
    }
    return connection.ask(text, params).catch((error) => Promise.reject(faultOf(error)))
  }

  /** Asks, once, for what reads much, or for a change that undoes no other however late it comes. */
  run(text: string, params: readonly unknown[]): Promise<readonly Row[]> {
    return this.#withIdle((connection) => connection.ask(text, params))
  }

  /**
   * Asks for a change that happens in time or never, as `Connection.change` says. Whether one happened whose answer did not come is not
   * known, so it is never asked again.
   */
  change(text: string, params: readonly unknown[]): Promise<readonly Row[]> {
    return this.#withIdle((connection) => connection.change(text, params))
  }

  async #withIdle(ask: (connection: Connection) => Promise<readonly Row[]>): Promise<readonly Row[]> {
    this.#requireOpen()
    const connection = this.#idle.pop() ?? (await this.#next())
    try {
      return await ask(connection)
    } catch (error) {
      throw faultOf(error)
    } finally {
      this.#release(connection)
    }
  }

  /**
   * Asks for a change that may have much to do, such as ending every session of somebody who has very many. If the time of a request is
   * not enough, nothing has happened, and it is asked again on a connection of its own that has more.
   */
  async changeLong(text: string, params: readonly unknown[]): Promise<readonly Row[]> {
    try {
      return await this.change(text, params)
    } catch (fault) {
      if (!(fault instanceof StoreFault && (isUndone(fault.cause) || isLate(fault.cause)))) throw fault
    }
    const asked = this.#changeAlone(text, params)
    this.#long.add(asked)
    return asked.finally(() => this.#long.delete(asked))
  }

  async #changeAlone(text: string, params: readonly unknown[]): Promise<readonly Row[]> {
    const longest = this.#timeout * LONG
    // Twice as long: a server that is there answers before.
    const patience = longest * 2
    const connection = new Connection(patience, (closed) =>
      newClient(this.#place, this.#timeout, longest, closed),
    )
    const looking = setInterval(() => connection.look(), lookPeriod(patience))
    try {
      return await connection.change(text, params)
    } catch (error) {
      throw faultOf(error)
    } finally {
      clearInterval(looking)
      await connection.close()
    }
  }

  /** Waits for what is under way, also for a connection, and closes all of them. */
  async close(): Promise<void> {
    if (this.#closed === null) {
      this.#closed = Promise.withResolvers()
      this.#settle()
    }
    await this.#closed.promise
    await Promise.allSettled(this.#long)
    await Promise.all(this.#all.map((connection) => connection.close()))
    clearInterval(this.#looking)
  }

  #next(): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        take(connection) {
          clearTimeout(this.timer)
          resolve(connection)
        },
        timer: setTimeout(() => {
          this.#waiting = this.#waiting.filter((each) => each !== waiting)
          reject(new StoreFault('store_unavailable', 'Every connection to the database is busy.', null))
        }, this.#timeout * PATIENCE),
      }
      this.#waiting.push(waiting)
    })
  }

  #release(connection: Connection): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#idle.push(connection)
    else next.take(connection)
    this.#settle()
  }

  #settle(): void {
    if (this.#idle.length + this.#reading.length === this.#all.length) this.#closed?.resolve()
  }

  #requireOpen(): void {
    if (this.#closed !== null) throw new StoreFault('store_unavailable', 'The store is closed.', null)
  }
}
