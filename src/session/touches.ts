import type { Millis, Store, StoredSession, Use } from '../store/store.ts'
import { type Clock, endAfter, type Lifetime } from './lifetime.ts'
import { Noted } from './noted.ts'

/** Uses that a store is given at once. It may cut them into smaller steps, so that a put which waits behind them waits little. */
const BATCH = 5_000

/**
 * Uses that gather before they are written though their period is not over: a bound on memory alone, and far above the sessions in use,
 * since with fewer nearly every read of a busy server would become a write.
 */
const MOST = 200_000

/** Uses whose sessions are looked for in one turn: few, so that a request which waits behind them waits little. */
const PER_TURN = 500

/** Sessions that there is room for at first. */
const FEW = 1_000

type Ends = Pick<StoredSession, 'endsAt' | 'latestEndsAt'>

/**
 * Remembers that sessions were used without a write per request: uses gather here and go to the store together, a session at most
 * once per period. What the store says of an end is behind by that much, so whoever reads adds what is known here. A use that the
 * recorded end could overtake is written at once. A process that is killed forgets the last period, so that a session ends that much
 * early; a store that is away gets them when it is back.
 */
export class Touches {
  readonly #store: Store
  readonly #lifetime: Lifetime
  readonly #clock: Clock
  readonly #fault: (fault: unknown) => void
  /** Still to be written. */
  #waiting = new Noted(FEW)
  /** Being written: the store may not know of them yet. */
  readonly #underway = new Map<Noted, Promise<void>>()
  #timer: NodeJS.Timeout | null = null
  #flushedAt: Millis = 0
  /** Whether the store did not take the last ones. They wait for the next period, however many they become. */
  #wasRefused = false

  constructor(store: Store, lifetime: Lifetime, clock: Clock, fault: (fault: unknown) => void) {
    this.#store = store
    this.#lifetime = lifetime
    this.#clock = clock
    this.#fault = fault
  }

  /**
   * Notes a use of a session whose ends the store has just told. Null, or, if the recorded end could overtake the use, what resolves
   * when it is written.
   */
  note(id: string, { endsAt, latestEndsAt }: Ends, now: Millis): Promise<void> | null {
    if (endsAt < latestEndsAt && endsAt - now < this.#lifetime.idle / 2) {
      const noted = new Noted(1)
      noted.note(id, now)
      return this.#begin(noted)
    }
    this.#waiting.note(id, now)
    const isDue = Math.abs(now - this.#flushedAt) >= this.#lifetime.touchPeriod
    if (isDue || (this.#waiting.count >= MOST && !this.#wasRefused)) void this.flush()
    else this.#flushLater()
    return null
  }

  /** How many sessions have uses that the store may not know of. */
  get count(): number {
    return [this.#waiting, ...this.#underway.keys()].reduce((sum, { count }) => sum + count, 0)
  }

  /**
   * What adds to a session that the store is about to tell the use that it does not know of. To be called before the store is asked: it may
   * read before a use is written, and answer after.
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

  /** Resolves when the uses so far are written, also those that an earlier call is still writing. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#flushedAt = this.#clock()
    const noted = this.#waiting
    // As many as the last time, or about.
    this.#waiting = new Noted(Math.max(FEW, noted.count))
    void this.#begin(noted)
    await Promise.all(this.#underway.values())
  }

  #begin(noted: Noted): Promise<void> {
    const writing = this.#write(noted).finally(() => this.#underway.delete(noted))
    this.#underway.set(noted, writing)
    return writing
  }

  /** In steps, between which others write, and in the order of the store: hundreds of thousands of uses are then many to a page of a file. */
  async #write(noted: Noted): Promise<void> {
    const order = await this.#orderOf(noted)
    for (let at = 0; at < order.length; at += BATCH) {
      const uses: Use[] = []
      for (const i of order.subarray(at, at + BATCH)) {
        const usedAt = noted.usedAtOf(i)
        uses.push({ id: noted.idAt(i), usedAt, endsAt: usedAt + this.#lifetime.idle })
      }
      await this.#send(uses)
    }
  }

  /** The numbers of the uses, those of sessions that the store keeps near each other one after the other. */
  async #orderOf(noted: Noted): Promise<Float64Array> {
    const { count } = noted
    // Behind all others, and the most with which the sum below is still exact.
    const nowhere = Math.floor(Number.MAX_SAFE_INTEGER / count) - 1
    // Position and number in one, since numbers alone are sorted in a tenth of the time.
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
