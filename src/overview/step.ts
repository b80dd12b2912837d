import { BUCKETS } from '../metrics/latency.ts'
import { CALLS, type Call, type Snapshot } from '../metrics/meter.ts'
import type { Millis } from '../store/store.ts'

/** What is shown goes in steps of so many milliseconds. They begin where the clock is a multiple of it, so that all nodes have the same. */
export const STEP: Millis = 10_000

/** The number of the step that an instant is in. */
export const stepAt = (at: Millis): number => Math.floor(at / STEP)

/** What there was at an instant; null: the store could not tell. */
export interface Measure {
  readonly at: Millis
  /** Milliseconds that it took to find out. */
  readonly took: Millis
  readonly sessions: number | null
  readonly bytes: number | null
}

/** What a node counted in a step: numbers that add up over nodes, so quantiles are known as the buckets of `metrics/latency.ts`. */
export interface Step {
  readonly requests: number
  readonly logins: number
  readonly failures: number
  readonly throttled: number
  readonly reads: ArrayLike<number>
  readonly writes: ArrayLike<number>
  /** The latest that this node measured, if it still holds. */
  readonly measure: Measure | null
}

/** The step in which so much was counted. */
export function stepOf(counted: Snapshot, measure: Measure | null): Step {
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

/** What all nodes counted in a step. Of what they measured the latest holds. */
export function sumOf(steps: readonly Step[]): Step {
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

/** The latest of what was measured, by whomever. */
export const latestOf = (measures: readonly (Measure | null)[]): Measure | null =>
  measures.reduce((latest, each) => (each !== null && each.at > (latest?.at ?? -1) ? each : latest), null)
