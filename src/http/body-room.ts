import { Refusal } from '../errors.ts'

/** A request whose body is being received. */
export interface Receiving {
  /** When the request arrived, by `performance.now()`. */
  readonly begunAt: number
  /** Closes the request's connection within a few seconds. */
  hangUp(): void
}

/**
 * Milliseconds after which a body gives way to others when room runs out. The oldest small body is nearly
 * always stuck.
 */
const GIVES_WAY_AFTER_MS = { small: 100, large: 10_000 }

/** Seconds after which a client may send a large body again. */
const RETRY_S = 2

/**
 * Limits the bytes of bodies in transit on all connections. A quarter is reserved for small bodies and
 * logins, so that large ones take none of it. When room runs out, the oldest unfinished bodies are cut off,
 * and new ones are refused.
 */
export class BodyRoom {
  readonly small: BodyPool
  readonly large: BodyPool

  constructor(bytes: number, now: () => number = () => performance.now()) {
    const reserve = Math.floor(bytes / 4)
    this.small = new BodyPool(reserve, GIVES_WAY_AFTER_MS.small, now)
    this.large = new BodyPool(bytes - reserve, GIVES_WAY_AFTER_MS.large, now)
  }
}

class BodyPool {
  readonly #most: number
  readonly #patience: number
  readonly #now: () => number
  /** Bytes of each body that is being received, oldest first. */
  readonly #receiving = new Map<Receiving, number>()
  /** Bytes of complete bodies whose requests are not answered yet. */
  readonly #received = new Map<Receiving, number>()
  #taken = 0

  constructor(most: number, patience: number, now: () => number) {
    this.#most = most
    this.#patience = patience
    this.#now = now
  }

  /** Takes room for a body, or throws a refusal. A body that is alone always has room. */
  take(body: Receiving, bytes: number): void {
    if (this.#taken + bytes > this.#most && this.#taken > 0 && !this.#makesRoom(bytes)) {
      throw new Refusal(
        'busy',
        `This server receives as many request bodies as it has room for (limits.bodies). Send this one again in a few seconds.`,
        RETRY_S,
      )
    }
    this.#taken += bytes
    this.#receiving.set(body, bytes)
  }

  /** Marks a body as complete. It keeps its room and no longer gives way. */
  keep(body: Receiving): void {
    const bytes = this.#receiving.get(body)
    if (bytes === undefined) return
    this.#receiving.delete(body)
    this.#received.set(body, bytes)
  }

  /** Releases the room of a body. */
  give(body: Receiving): void {
    const bytes = this.#receiving.get(body) ?? this.#received.get(body)
    if (bytes === undefined) return
    this.#taken -= bytes
    if (!this.#receiving.delete(body)) this.#received.delete(body)
  }

  /** Cuts off slow bodies until there is room for another. Returns whether there is. */
  #makesRoom(bytes: number): boolean {
    for (const body of this.#receiving.keys()) {
      if (this.#now() - body.begunAt < this.#patience) return false
      body.hangUp()
      this.give(body)
      if (this.#taken + bytes <= this.#most) return true
    }
    return false
  }
}
