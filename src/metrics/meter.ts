import { BUCKETS, bucketOf } from './latency.ts'

/** What requests are told apart by. `http/routes.ts` says of each path which it is; `other` has none of ours. */
export const CALLS = [
  'read',
  'write',
  'login',
  'logout',
  'account',
  'admin',
  'page',
  'health',
  'other',
] as const
export type Call = (typeof CALLS)[number]

/** The classes of statuses, by their first digits. There is no answer of the first. */
export const CLASSES = [2, 3, 4, 5] as const
export type StatusClass = (typeof CLASSES)[number]

/** What is counted besides requests. `revoked`: sessions that somebody ended other than by logging out. */
export const EVENTS = [
  'login',
  'login_failed',
  'login_throttled',
  'login_busy',
  'logout',
  'revoked',
  'displaced',
  'csrf_failed',
  'cross_site',
  'navigation_refused',
  'misdirected_request',
  'untrusted_peer',
  'role_missing',
  'wrong_password',
  'store_unavailable',
  'store_full',
  'internal_error',
] as const
export type Event = (typeof EVENTS)[number]

// Where each number is: for every call those of the classes, at their digits, of the buckets and the sum of all durations, then the
// events.
const BUCKETS_AT = 6
const SUM_AT = BUCKETS_AT + BUCKETS
const PER_CALL = SUM_AT + 1
const EVENTS_AT = CALLS.length * PER_CALL
const LENGTH = EVENTS_AT + EVENTS.length

/** The number by which `Meter.record` knows a call: nothing is looked up by a name while a request is answered. */
export const numberOf = (call: Call): number => CALLS.indexOf(call)

/**
 * Counts what a server does, and only ever adds. It is in the way of every request, so it is one array of numbers, without objects or
 * names: about 100 ns a request, of which 5 are its own and the rest goes to asking twice for the time.
 */
export class Meter {
  readonly #counts = new Float64Array(LENGTH)

  /** Counts a request that was answered with this status after so many milliseconds, by any clock that never goes back. */
  record(call: number, status: number, millis: number): void {
    const at = call * PER_CALL
    this.#add(at + Math.trunc(status / 100), 1)
    this.#add(at + BUCKETS_AT + bucketOf(millis), 1)
    this.#add(at + SUM_AT, millis)
  }

  count(event: Event, by = 1): void {
    this.#add(EVENTS_AT + EVENTS.indexOf(event), by)
  }

  /** All that was counted so far. Costs the copy of some hundred numbers. */
  snapshot(): Snapshot {
    return new Snapshot(this.#counts.slice())
  }

  #add(at: number, by: number): void {
    this.#counts[at] = (this.#counts[at] as number) + by
  }
}

/** What was counted until an instant, or between two of them. */
export class Snapshot {
  readonly #counts: Float64Array

  constructor(counts: Float64Array) {
    this.#counts = counts
  }

  /** What was counted since an earlier snapshot of the same meter. */
  since(earlier: Snapshot): Snapshot {
    return new Snapshot(this.#counts.map((count, at) => count - (earlier.#counts[at] as number)))
  }

  /** Requests of a call, of one class of statuses or of all. */
  requests(call: Call, status: StatusClass | null = null): number {
    const at = numberOf(call) * PER_CALL
    return status === null
      ? this.latencies(call).reduce((sum, count) => sum + count, 0)
      : (this.#counts[at + status] as number)
  }

  /** How many requests of a call are in each bucket of `latency.ts`. */
  latencies(call: Call): Float64Array {
    const at = numberOf(call) * PER_CALL + BUCKETS_AT
    return this.#counts.subarray(at, at + BUCKETS)
  }

  /** Milliseconds that all requests of a call took together. */
  sum(call: Call): number {
    return this.#counts[numberOf(call) * PER_CALL + SUM_AT] as number
  }

  events(event: Event): number {
    return this.#counts[EVENTS_AT + EVENTS.indexOf(event)] as number
  }
}
