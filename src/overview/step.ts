import { BUCKETS } from '../metrics/latency.ts'
import { CALLS, type Call, type Snapshot } from '../metrics/meter.ts'
import type { Millis } from '../store/store.ts'

/**
 * The length of a step, in milliseconds. Steps begin at multiples of it, so all nodes share the same steps.
 */
export const STEP: Millis = 10_000

/** Returns the number of the step that contains an instant. */
export const stepAt = (at: Millis): number => Math.floor(at / STEP)

/** The store's size at an instant; null means that the store could not tell. */
export interface Measure {
  readonly at: Millis
  /** How long the measurement took, in milliseconds. */
  readonly took: Millis
  readonly sessions: number | null
  readonly bytes: number | null
}

/**
 * What a node counted in a step. The numbers add up over nodes, so latencies are kept as buckets
 * (`metrics/latency.ts`).
 */
export interface Step {
  readonly requests: number
  readonly logins: number
  readonly failures: number
  readonly throttled: number
  readonly reads: ArrayLike<number>
  readonly writes: ArrayLike<number>
  /** The latest measurement that this node knows, if it is still valid. */
  readonly measure: Measure | null
}

/** Builds a step from the counts of one snapshot interval. */
export function toStep(counted: Snapshot, measure: Measure | null): Step {
  return {
    requests: CALLS.reduce((sum, call: Call) => sum + counted.requests(call), 0),
    logins: counted.events('login'),
    failures: counted.events('login_failed'),
    throttled: counted.events('login_throttled'),
    reads: counted.latencies('read'),
    writes: counted.latencies('write'),
    measure,
  }
}

/** Adds up what all nodes counted in a step and keeps the latest measurement. */
export function addUp(steps: readonly Step[]): Step {
  const sum = (countOf: (step: Step) => number) => steps.reduce((all, step) => all + countOf(step), 0)
  const sums = (countsOf: (step: Step) => ArrayLike<number>) =>
    Array.from({ length: BUCKETS }, (_, bucket) => sum((step) => countsOf(step)[bucket] ?? 0))
  return {
    requests: sum(({ requests }) => requests),
    logins: sum(({ logins }) => logins),
    failures: sum(({ failures }) => failures),
    throttled: sum(({ throttled }) => throttled),
    reads: sums(({ reads }) => reads),
    writes: sums(({ writes }) => writes),
    measure: latestOf(steps.map(({ measure }) => measure)),
  }
}

/** Returns the latest of several measurements. */
export const latestOf = (measures: readonly (Measure | null)[]): Measure | null =>
  measures.reduce((latest, each) => (each !== null && each.at > (latest?.at ?? -1) ? each : latest), null)
