import { Refusal } from '../errors.ts'

/** A request whose body is being received. */
export interface Receiving {
  /** When the request came, by `performance.now()`. */
  readonly begunAt: number
  /** Closes its connection within a few seconds. */
  hangUp(): void
}

/** Milliseconds after which a body gives way to others where there is no more room. Of small ones the oldest is nearly always stuck. */
const PATIENCE = { small: 100, large: 10_000 }

/** Seconds after which it is worth sending a large body again. */
const RETRY_S = 2

/**
 * How many bytes of bodies may be under way at once, on all connections. Small bodies and logins have a quarter for themselves, so that large
 * ones take none of their room. Where there is no more, the oldest that are not here yet are hung up on, and others refused.
 */
export class BodyRoom {
  readonly small: BodyPool
  readonly large: BodyPool

  constructor(bytes: number, now: () => number = () => performance.now()) {
    const reserve = Math.floor(bytes / 4)
    this.small = new BodyPool(reserve, PATIENCE.small, now)
    this.large = new BodyPool(bytes - reserve, PATIENCE.large, now)
  }
}

class BodyPool {
  readonly #most: number
  readonly #patience: number
  readonly #now: () => number
  /** Bytes of each body that is being received, the oldest first. */
  readonly #receiving = new Map<Receiving, number>()
  /** Bytes of those that are here, and whose requests are not answered yet. */
  readonly #received = new Map<Receiving, number>()
  #taken = 0

  constructor(most: number, patience: number, now: () => number) {
    this.#most = most
    this.#patience = patience
    this.#now = now
  }

  /** Takes room for a body, or refuses. One alone always has room. */
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

  /** Notes that all of a body is here. It keeps its room, and no longer gives way. */
  keep(body: Receiving): void {
    const bytes = this.#receiving.get(body)
    if (bytes === undefined) return
    this.#receiving.delete(body)
    this.#received.set(body, bytes)
  }

  /** Gives the room of a body back. */
  give(body: Receiving): void {
    const bytes = this.#receiving.get(body) ?? this.#received.get(body)
    if (bytes === undefined) return
    this.#taken -= bytes
    if (!this.#receiving.delete(body)) this.#received.delete(body)
  }

  /** Hangs up on bodies that take long until there is room for another. */
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
