import { handleOf, type Millis, type Store, type StoredSession, type Use } from '../store/store.ts'
import type { Clock, Lifetime } from './lifetime.ts'

/** Uses that are written at once; small, so that a put which waits behind them waits little. */
const BATCH = 500

type Ends = Pick<StoredSession, 'endsAt' | 'latestEndsAt'>

/**
 * Remembers that sessions were used without a write per request: uses gather here and go to the store together, a session at most
 * once per period. What the store says is therefore behind by that much, never the end of a session: a use that the recorded end
 * could overtake is written at once. A process that is killed forgets the last period, so that a session ends that much early.
 */
export class Touches {
  readonly #store: Store
  readonly #lifetime: Lifetime
  readonly #clock: Clock
  readonly #fault: (fault: unknown) => void
  /** Handle to last use. */
  #used = new Map<string, Millis>()
  #timer: NodeJS.Timeout | null = null
  #flushedAt: Millis = 0

  constructor(store: Store, lifetime: Lifetime, clock: Clock, fault: (fault: unknown) => void) {
    this.#store = store
    this.#lifetime = lifetime
    this.#clock = clock
    this.#fault = fault
  }

  /** Notes a use of a session whose ends the store has just told. */
  note(id: string, { endsAt, latestEndsAt }: Ends, now: Millis): void {
    this.#used.set(handleOf(id), now)
    const isUrgent = endsAt < latestEndsAt && endsAt - now < this.#lifetime.idle / 2
    if (isUrgent || Math.abs(now - this.#flushedAt) >= this.#lifetime.touchPeriod) {
      void this.flush()
    } else if (this.#timer === null) {
      this.#timer = setTimeout(() => void this.flush(), this.#lifetime.touchPeriod)
    }
  }

  /** A session as the store told it, with the use that has not reached the store yet. */
  apply(session: StoredSession): StoredSession {
    const usedAt = this.#used.get(handleOf(session.id))
    if (usedAt === undefined || usedAt <= session.usedAt) return session
    const endsAt = Math.min(usedAt + this.#lifetime.idle, session.latestEndsAt)
    return { ...session, usedAt, endsAt: Math.max(session.endsAt, endsAt) }
  }

  /** Writes what has gathered. A store that is away loses a period, as a killed process does. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#flushedAt = this.#clock()
    const used = this.#used
    this.#used = new Map()
    let uses: Use[] = []
    try {
      for (const [handle, usedAt] of used) {
        uses.push({ handle, usedAt, endsAt: usedAt + this.#lifetime.idle })
        if (uses.length < BATCH) continue
        await this.#store.touchSessions(uses, this.#clock())
        uses = []
      }
      if (uses.length > 0) await this.#store.touchSessions(uses, this.#clock())
    } catch (fault) {
      this.#fault(fault)
    }
  }
}
