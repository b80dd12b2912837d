import type { Millis, Store, StoredSession, Use } from '../store/store.ts'
import { type Clock, endAfter, type Lifetime } from './lifetime.ts'
import { Noted } from './noted.ts'

/**
 * Uses handed to a store at once. The store may split them into smaller steps, so that a put behind them
 * waits briefly.
 */
const WRITE_BATCH = 5_000

/**
 * How many uses are kept before they are written early: a bound on memory only. Far above the sessions in
 * use, since with a lower bound nearly every read of a busy server would become a write.
 */
const MAX_WAITING = 200_000

/** Uses whose sessions are looked up in one turn: few, so that a request behind them waits briefly. */
const PER_TURN = 500

/** Initial capacity, in sessions. */
const INITIAL_CAPACITY = 1_000

type Ends = Pick<StoredSession, 'endsAt' | 'latestEndsAt'>

/**
 * Records session uses without a write per request: uses gather here and go to the store together, each
 * session at most once per period. The end that the store knows lags by up to a period, so readers add what
 * is known here. A use that the recorded end could overtake is written at once. If the process is killed, the
 * last period is lost and a session ends that much earlier; an unavailable store gets the uses when it
 * returns.
 */
export class Touches {
  readonly #store: Store
  readonly #lifetime: Lifetime
  readonly #clock: Clock
  readonly #fault: (fault: unknown) => void
  /** Still to be written. */
  #waiting = new Noted(INITIAL_CAPACITY)
  /** Being written: the store may not know them yet. */
  readonly #underway = new Map<Noted, Promise<void>>()
  #timer: NodeJS.Timeout | null = null
  #flushedAt: Millis = 0
  /** Whether the last write failed. Those uses wait for the next period, however many gather. */
  #wasRefused = false

  constructor(store: Store, lifetime: Lifetime, clock: Clock, fault: (fault: unknown) => void) {
    this.#store = store
    this.#lifetime = lifetime
    this.#clock = clock
    this.#fault = fault
  }

  /**
   * Records a use of a session with the ends that the store has just returned. Returns null or, if the
   * recorded end could overtake the use, a promise that resolves when it is written.
   */
  note(id: string, { endsAt, latestEndsAt }: Ends, now: Millis): Promise<void> | null {
    if (endsAt < latestEndsAt && endsAt - now < this.#lifetime.idle / 2) {
      const noted = new Noted(1)
      noted.note(id, now)
      return this.#begin(noted)
    }
    this.#waiting.note(id, now)
    const isDue = Math.abs(now - this.#flushedAt) >= this.#lifetime.touchPeriod
    if (isDue || (this.#waiting.count >= MAX_WAITING && !this.#wasRefused)) void this.flush()
    else this.#flushLater()
    return null
  }

  /** How many sessions have uses that the store may not know. */
  get count(): number {
    return [this.#waiting, ...this.#underway.keys()].reduce((sum, { count }) => sum + count, 0)
  }

  /**
   * Returns a function that adds unwritten uses to a session from the store. Call this before asking the
   * store: it may read before a use is written and respond after.
   */
  applying(): (session: StoredSession) => StoredSession {
    const before = [this.#waiting, ...this.#underway.keys()]
    return (session) => this.#apply(session, [...before, this.#waiting, ...this.#underway.keys()])
  }

  #apply(session: StoredSession, noted: readonly Noted[]): StoredSession {
    const usedAt = Math.max(...noted.map((each) => each.usedAt(session.id) ?? 0))
    if (usedAt <= session.usedAt) return session
    const endsAt = endAfter(usedAt, session.latestEndsAt, this.#lifetime)
    return { ...session, usedAt, endsAt: Math.max(session.endsAt, endsAt) }
  }

  /** Resolves when all uses so far are written, including those that an earlier call is still writing. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#flushedAt = this.#clock()
    const noted = this.#waiting
    // About as many as the last time.
    this.#waiting = new Noted(Math.max(INITIAL_CAPACITY, noted.count))
    void this.#begin(noted)
    await Promise.all(this.#underway.values())
  }

  #begin(noted: Noted): Promise<void> {
    const writing = this.#write(noted).finally(() => this.#underway.delete(noted))
    this.#underway.set(noted, writing)
    return writing
  }

  /**
   * Writes in steps, between which others can write, and in the store's order: hundreds of thousands of uses
   * then share file pages.
   */
  async #write(noted: Noted): Promise<void> {
    const order = await this.#sortByPosition(noted)
    for (let at = 0; at < order.length; at += WRITE_BATCH) {
      const uses: Use[] = []
      for (const i of order.subarray(at, at + WRITE_BATCH)) {
        const usedAt = noted.usedAtOf(i)
        uses.push({ id: noted.idAt(i), usedAt, endsAt: usedAt + this.#lifetime.idle })
      }
      await this.#send(uses)
    }
  }

  /**
   * Returns the numbers of the uses, ordered so that sessions that the store keeps near each other are
   * adjacent.
   */
  async #sortByPosition(noted: Noted): Promise<Float64Array> {
    const { count } = noted
    // After all others, and the largest value with which the sum below is still exact.
    const nowhere = Math.floor(Number.MAX_SAFE_INTEGER / count) - 1
    // Combines position and number in one value, since plain numbers are sorted in a tenth of the time.
    const order = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      if (i % PER_TURN === PER_TURN - 1) await new Promise(setImmediate)
      const position = this.#store.positionOf(noted.idAt(i)) ?? nowhere
      order[i] = Math.max(-nowhere, Math.min(position, nowhere)) * count + i
    }
    return order.sort().map((each) => each - Math.floor(each / count) * count)
  }

  async #send(uses: readonly Use[]): Promise<void> {
    try {
      await this.#store.touchSessions(uses, this.#clock())
      this.#wasRefused = false
    } catch (fault) {
      this.#fault(fault)
      this.#wasRefused = true
      for (const { id, usedAt } of uses) this.#waiting.note(id, usedAt)
      this.#flushLater()
    }
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => void this.flush(), this.#lifetime.touchPeriod)
  }
}
