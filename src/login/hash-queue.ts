import { Refusal } from '../errors.ts'

/** How many hashes may wait: for strangers, and in separate places for callers who are known. */
const MAX_STRANGERS_WAITING = 256
const KNOWN_WAITING = 256

/** The caller that asks for a hash. */
export interface Party {
  /**
   * Whether the caller is logged in, is this server, or has a device cookie. Strangers cannot take these
   * places.
   */
  readonly isKnown: boolean
  /** Callers with the same name share a turn: a network, or a user. */
  readonly name: string
}

interface Waiting {
  readonly begin: () => void
  readonly refuse: (refusal: Refusal) => void
}

/**
 * Runs work in turns, a limited number at once. Parties take turns, and so do known callers and strangers, so
 * a flood from one network delays the others by one piece of work. Throws `busy` when all places are taken.
 */
export class HashQueue {
  readonly #atOnce: number
  readonly #known = new FairLine(KNOWN_WAITING)
  readonly #strangers = new FairLine(MAX_STRANGERS_WAITING)
  #running = 0
  #wasKnown = false

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** How many pieces of work wait for their turn. */
  get waiting(): number {
    return this.#known.length + this.#strangers.length
  }

  async run<T>({ isKnown, name }: Party, work: () => Promise<T>): Promise<T> {
    if (this.#running < this.#atOnce) this.#running++
    else {
      await new Promise<void>((begin, refuse) => {
        const line = isKnown ? this.#known : this.#strangers
        line.add(name, { begin, refuse })
      })
    }
    try {
      return await work()
    } finally {
      this.#passOn()
    }
  }

  /** Starts the next piece of work after one has ended. */
  #passOn(): void {
    const [first, second] = this.#wasKnown ? [this.#strangers, this.#known] : [this.#known, this.#strangers]
    const line = first.length > 0 ? first : second
    const next = line.next()
    if (next === null) {
      this.#running--
      return
    }
    this.#wasKnown = line === this.#known
    next.begin()
  }
}

/** A queue of limited length in which parties take turns. */
class FairLine {
  readonly #places: number
  /** The waiting work of each party, in the order of the parties' next turns. */
  readonly #parties = new Map<string, Waiting[]>()
  #length = 0

  constructor(places: number) {
    this.#places = places
  }

  get length(): number {
    return this.#length
  }

  /**
   * Adds a piece of work. If the queue is full, the newest work of the party with the most places is refused,
   * or this one.
   */
  add(name: string, waiting: Waiting): void {
    const own = this.#parties.get(name)
    if (this.#length >= this.#places && !this.#makeRoom(own?.length ?? 0)) {
      waiting.refuse(busy())
      return
    }
    if (own === undefined) this.#parties.set(name, [waiting])
    else own.push(waiting)
    this.#length++
  }

  next(): Waiting | null {
    for (const [name, waiting] of this.#parties) {
      const first = waiting.shift() ?? null
      this.#parties.delete(name)
      // The party moves to the end, for its next turn.
      if (waiting.length > 0) this.#parties.set(name, waiting)
      this.#length--
      return first
    }
    return null
  }

  /** Refuses the newest work of the party with the most places, if it has more than `own` + 1. */
  #makeRoom(own: number): boolean {
    let most: Waiting[] = []
    for (const waiting of this.#parties.values()) if (waiting.length > most.length) most = waiting
    // With only one place more than `own`, the two parties would merely swap roles.
    if (most.length <= own + 1) return false
    most.pop()?.refuse(busy())
    this.#length--
    return true
  }
}

const busy = () =>
  new Refusal('busy', 'Too many logins are under way at this moment. Try again in a few seconds.', 5)
