import { Refusal } from '../errors.ts'

/** Hashes for strangers that may wait, and, in places of their own, those for callers who have shown that they are none. */
const STRANGERS_WAITING = 256
const KNOWN_WAITING = 256

/** Who asks for a hash. */
export interface Party {
  /** Whether the caller is logged in, is this server, or has a device cookie. Strangers cannot take these places. */
  readonly isKnown: boolean
  /** Those who share a turn: a network, or a user. */
  readonly name: string
}

interface Waiting {
  readonly begin: () => void
  readonly refuse: (refusal: Refusal) => void
}

/**
 * Does work in turns, a bounded amount at once. Parties take turns, and so do the known and the strangers, so that a
 * flood from one network delays others by one piece of work. Beyond the places there are, it refuses with `busy`.
 */
export class HashQueue {
  readonly #atOnce: number
  readonly #known = new FairLine(KNOWN_WAITING)
  readonly #strangers = new FairLine(STRANGERS_WAITING)
  #running = 0
  #wasKnown = false

  constructor(atOnce: number) {
    this.#atOnce = atOnce
  }

  /** How many wait for their turn. */
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

  /** Lets the next one begin in the place of one that has ended. */
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

/** A waiting line of a bounded length, in which parties take turns. */
class FairLine {
  readonly #places: number
  /** Those who wait, by their parties, which are in the order of their next turns. */
  readonly #parties = new Map<string, Waiting[]>()
  #length = 0

  constructor(places: number) {
    this.#places = places
  }

  get length(): number {
    return this.#length
  }

  /** Adds one. Where all places are taken, the newest of the party that has most of them gives way, or this one does. */
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
      // Behind all others, for its next turn.
      if (waiting.length > 0) this.#parties.set(name, waiting)
      this.#length--
      return first
    }
    return null
  }

  /** Refuses the newest of the party that has most places, if that is more than `own` and one more. */
  #makeRoom(own: number): boolean {
    let most: Waiting[] = []
    for (const waiting of this.#parties.values()) if (waiting.length > most.length) most = waiting
    // With one place more than `own`, the two would only change roles.
    if (most.length <= own + 1) return false
    most.pop()?.refuse(busy())
    this.#length--
    return true
  }
}

const busy = () =>
  new Refusal('busy', 'Too many logins are under way at this moment. Try again in a few seconds.', 5)
