import { networkOf } from './address.ts'
import type { Clock } from './session/lifetime.ts'
import type { Millis } from './store/store.ts'

/** Where an event comes from. Events that agree in all fields are repeats. */
export interface Source {
  readonly kind: string
  /** The user concerned, or empty. */
  readonly user: string
  /** The network that the request came from, or empty. */
  readonly network: string
}

/** A burst, and then a number per hour. */
export interface Budget {
  readonly burst: number
  readonly perHour: number
}

/** How many events are reported one by one. The others are counted. */
export interface RepeatLimits {
  /** Events under different names are counted separately. */
  readonly name: string
  /** For one source, until it has been quiet for a period. */
  readonly singles: number
  /** For one kind of event about one user, from any network, and for one kind in total. Null: unlimited. */
  readonly ofUser: Budget | null
  readonly ofAll: Budget | null
}

/** Events that were counted. */
export interface Repeated<T> {
  /** An empty user or network stands for several. */
  readonly source: Source
  /** The first of them. */
  readonly item: T
  /** How many there were, since when. */
  readonly more: number
  readonly since: Millis
}

interface Entry<T> {
  readonly source: Source
  readonly limits: RepeatLimits
  /** Counts events from several networks or about several users whose own budgets were used up. */
  readonly isWide: boolean
  singles: number
  counted: { item: T; more: number; since: Millis } | null
  period: Millis
  dueAt: Millis
}

interface Bucket {
  readonly budget: Budget
  left: number
  at: Millis
}

const HOUR: Millis = 3_600_000

/**
 * Tells new events from repeats, in bounded memory. The first events of a source are reported at once; later
 * ones are counted and reported together: after a period, and while they continue, after twice the time, up
 * to a maximum.
 */
export class Repeats<T> {
  readonly #clock: Clock
  readonly #period: { readonly first: Millis; readonly longest: Millis }
  readonly #entries = new Map<string, Entry<T>>()
  readonly #buckets = new Map<string, Bucket>()

  constructor(clock: Clock, period: { readonly first: Millis; readonly longest: Millis }) {
    this.#clock = clock
    this.#period = period
  }

  /** Tells whether an event is reported on its own. If not, it is counted. */
  isSingle(source: Source, limits: RepeatLimits, item: T): boolean {
    const entry = this.#entries.get(keyOf(source, limits, false))
    if (entry !== undefined) {
      // Half of each budget is reserved for the first events of other sources.
      const isTold = entry.singles < limits.singles && this.#spend(source, limits, 0.5) === null
      if (isTold) entry.singles++
      else this.#count(entry, item, 1)
      return isTold
    }
    const wide = this.#spend(source, limits, 0)
    if (wide !== null) {
      this.#count(this.#entryOf(wide, limits, true), item, 1)
      return false
    }
    this.#entryOf(source, limits, false).singles++
    return true
  }

  /** Returns the counted events that are due, or all. Each is returned once. */
  take(which: 'due' | 'all'): readonly Repeated<T>[] {
    const now = this.#clock()
    const isDue = ({ dueAt, period }: Entry<T>) => which === 'all' || now >= dueAt || dueAt - now > period
    // Counts without a budget are added to wide entries, which may start with them.
    for (const entry of [...this.#entries.values()]) if (!entry.isWide && isDue(entry)) this.#widen(entry)
    const due = [...this.#entries.values()].filter(isDue)
    const told = due.flatMap((entry) => this.#tell(entry, now, which === 'due'))
    for (const [key, bucket] of this.#buckets)
      if (this.#leftIn(bucket) >= bucket.budget.burst) this.#buckets.delete(key)
    return told
  }

  #widen(entry: Entry<T>): void {
    const { source, limits, counted } = entry
    const wide = counted === null ? null : this.#spend(source, limits, 0)
    if (counted === null || wide === null) return
    this.#count(this.#entryOf(wide, limits, true), counted.item, counted.more)
    entry.counted = null
  }

  #tell(entry: Entry<T>, now: Millis, isPeriodOver: boolean): readonly Repeated<T>[] {
    const { source, counted, period } = entry
    entry.counted = null
    if (isPeriodOver) {
      if (counted === null) this.#entries.delete(keyOf(source, entry.limits, entry.isWide))
      entry.period = Math.min(2 * period, this.#period.longest)
      entry.dueAt = now + entry.period
    }
    return counted === null ? [] : [{ source, ...counted }]
  }

  #count(entry: Entry<T>, item: T, more: number): void {
    entry.counted ??= { item, more: 0, since: this.#clock() }
    entry.counted.more += more
  }

  #entryOf(source: Source, limits: RepeatLimits, isWide: boolean): Entry<T> {
    const key = keyOf(source, limits, isWide)
    const found = this.#entries.get(key)
    if (found !== undefined) return found
    const period = this.#period.first
    const dueAt = this.#clock() + period
    const entry = { source, limits, isWide, singles: 0, counted: null, period, dueAt }
    this.#entries.set(key, entry)
    return entry
  }

  /**
   * Takes one from each budget, of which `part` stays. Returns null, or the wider source that the event
   * counts for.
   */
  #spend({ kind, user }: Source, { name, ofUser, ofAll }: RepeatLimits, part: number): Source | null {
    if (ofUser !== null && user !== '' && !this.#take(`${name} ${kind} ${user}`, ofUser, part))
      return { kind, user, network: '' }
    if (ofAll !== null && !this.#take(`${name} ${kind}`, ofAll, part)) return { kind, user: '', network: '' }
    return null
  }

  #take(key: string, budget: Budget, part: number): boolean {
    const now = this.#clock()
    const bucket = this.#buckets.get(key) ?? { budget, left: budget.burst, at: now }
    this.#buckets.set(key, bucket)
    bucket.left = this.#leftIn(bucket)
    bucket.at = now
    if (bucket.left < Math.max(1, part * budget.burst)) return false
    bucket.left--
    return true
  }

  #leftIn({ budget, left, at }: Bucket): number {
    const hours = Math.max(0, this.#clock() - at) / HOUR
    return Math.min(budget.burst, left + hours * budget.perHour)
  }
}

const keyOf = ({ kind, user, network }: Source, { name }: RepeatLimits, isWide: boolean) =>
  JSON.stringify([name, kind, user, network, isWide])

/** Returns an IPv4 address as a source of its own. An IPv6 customer often has a /48, which is one source. */
export const sourceNetworkOf = (address: string | undefined): string =>
  address === undefined || address === '' ? '' : networkOf(address, { ipv4: 32, ipv6: 48 })
