import { handleOf, type Millis, type Store, type StoredSession, type Use } from '../store/store.ts'
import type { Clock, Lifetime } from './lifetime.ts'

/** Uses that are written at once; small, so that a put which waits behind them waits little. */
const BATCH = 500

type Ends = Pick<StoredSession, 'endsAt' | 'latestEndsAt'>

/**
 * Remembers that sessions were used without a write per request: uses gather here and go to the store together, a session at most
 * once per period. What the store says of an end is behind by that much, so whoever reads adds what is known here. A use that the
 * recorded end could overtake is written at once. A process that is killed forgets the last period, so that a session ends that much
 * early.
 */
export class Touches {
  readonly #store: Store
  readonly #lifetime: Lifetime
  readonly #clock: Clock
  readonly #fault: (fault: unknown) => void
  /** Handle to last use, as long as the store may not know of it. */
  readonly #used = new Map<string, Millis>()
  /** The handles among them that are still to be written. */
  #waiting = new Set<string>()
  #timer: NodeJS.Timeout | null = null
  #flushedAt: Millis = 0

  constructor(store: Store, lifetime: Lifetime, clock: Clock, fault: (fault: unknown) => void) {
    this.#store = store
    this.#lifetime = lifetime
    this.#clock = clock
    this.#fault = fault
  }

  /**
   * Notes a use of a session whose ends the store has just told. Resolves when the use is as safe as it has to be: at once, or, if the
   * recorded end could overtake it, when it is written.
   */
  async note(id: string, { endsAt, latestEndsAt }: Ends, now: Millis): Promise<void> {
    const handle = handleOf(id)
    this.#used.set(handle, now)
    this.#waiting.add(handle)
    if (endsAt < latestEndsAt && endsAt - now < this.#lifetime.idle / 2) {
      await this.flush()
    } else if (Math.abs(now - this.#flushedAt) >= this.#lifetime.touchPeriod) {
      void this.flush()
    } else if (this.#timer === null) {
      this.#timer = setTimeout(() => void this.flush(), this.#lifetime.touchPeriod)
    }
  }

  /** A session as the store told it, with the use that it does not know of. */
  apply(session: StoredSession): StoredSession {
    const usedAt = this.#used.get(handleOf(session.id))
    if (usedAt === undefined || usedAt <= session.usedAt) return session
    const endsAt = Math.min(usedAt + this.#lifetime.idle, session.latestEndsAt)
    return { ...session, usedAt, endsAt: Math.max(session.endsAt, endsAt) }
  }

  /** Resolves when the uses so far are written. A store that is away loses them, as a killed process does. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#flushedAt = this.#clock()
    const uses = [...this.#waiting].map((handle): Use => {
      const usedAt = this.#used.get(handle) ?? 0
      return { handle, usedAt, endsAt: usedAt + this.#lifetime.idle }
    })
    this.#waiting = new Set()
    const batches = Array.from({ length: Math.ceil(uses.length / BATCH) }, (_, i) =>
      uses.slice(i * BATCH, (i + 1) * BATCH),
    )
    await Promise.all(batches.map((batch) => this.#write(batch)))
  }

  async #write(uses: readonly Use[]): Promise<void> {
    try {
      await this.#store.touchSessions(uses, this.#clock())
    } catch (fault) {
      this.#fault(fault)
    }
    // One that was used again meanwhile is still to be written.
    for (const { handle, usedAt } of uses) if (this.#used.get(handle) === usedAt) this.#used.delete(handle)
  }
}
