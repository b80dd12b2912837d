import type { Millis, Store, StoredSession, Use } from '../store/store.ts'
import type { Clock, Lifetime } from './lifetime.ts'

/** Uses that are written at once; small, so that a put which waits behind them waits little. */
const BATCH = 500

/**
 * Uses that gather before they are written though their period is not over: a bound on memory alone, and far above the sessions in use,
 * since with fewer nearly every read of a busy server would become a write.
 */
const MOST = 200_000

type Ends = Pick<StoredSession, 'endsAt' | 'latestEndsAt'>

interface Noted {
  readonly id: string
  readonly usedAt: Millis
}

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
  /** Id to last use, as long as the store may not know of it. */
  readonly #used = new Map<string, Millis>()
  /** The ids among them that are still to be written. */
  #waiting = new Set<string>()
  #timer: NodeJS.Timeout | null = null
  #flushedAt: Millis = 0
  #writing: Promise<unknown> = Promise.resolve()

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
    this.#used.set(id, now)
    if (endsAt < latestEndsAt && endsAt - now < this.#lifetime.idle / 2)
      return this.#write([{ id, usedAt: now }])
    this.#waiting.add(id)
    const isDue = Math.abs(now - this.#flushedAt) >= this.#lifetime.touchPeriod
    if (isDue || this.#waiting.size >= MOST) void this.flush()
    else this.#flushLater()
    return null
  }

  /** A session as the store told it, with the use that it does not know of. */
  apply(session: StoredSession): StoredSession {
    const usedAt = this.#used.get(session.id)
    if (usedAt === undefined || usedAt <= session.usedAt) return session
    const endsAt = Math.min(usedAt + this.#lifetime.idle, session.latestEndsAt)
    return { ...session, usedAt, endsAt: Math.max(session.endsAt, endsAt) }
  }

  /** Resolves when the uses so far are written, also those that an earlier call is still writing, in steps between which others write. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#flushedAt = this.#clock()
    const noted = [...this.#waiting].map((id): Noted => ({ id, usedAt: this.#used.get(id) ?? 0 }))
    this.#waiting = new Set()
    this.#writing = Promise.all([this.#writing, this.#writeAll(noted)])
    await this.#writing
  }

  async #writeAll(noted: readonly Noted[]): Promise<void> {
    for (let at = 0; at < noted.length; at += BATCH) await this.#write(noted.slice(at, at + BATCH))
  }

  async #write(noted: readonly Noted[]): Promise<void> {
    const uses = noted.map(({ id, usedAt }): Use => {
      return { id, usedAt, endsAt: usedAt + this.#lifetime.idle }
    })
    try {
      await this.#store.touchSessions(uses, this.#clock())
      // One that was used again meanwhile is still to be written.
      for (const { id, usedAt } of noted) if (this.#used.get(id) === usedAt) this.#used.delete(id)
    } catch (fault) {
      this.#fault(fault)
      for (const { id } of noted) this.#waiting.add(id)
      this.#flushLater()
    }
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => void this.flush(), this.#lifetime.touchPeriod)
  }
}
