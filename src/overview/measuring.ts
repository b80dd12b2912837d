import type { Millis, Store } from '../store/store.ts'
import { latestOf, type Measure, STEP, stepAt } from './step.ts'

/** Pause after a measurement, as a multiple of its duration: measuring takes at most 1 % of the time. */
const PAUSE_FACTOR = 100

/** How many steps a measurement stays valid after the next one is due, so another node can take over. */
const GRACE_STEPS = 3

/** Returns the first step in which the next measurement is due. */
const dueAfter = ({ at, took }: Measure): number =>
  stepAt(at) + Math.max(1, Math.ceil((took * PAUSE_FACTOR) / STEP))

/** Tells whether a measurement is still valid in a step. */
const holds = (measure: Measure, step: number) => step <= dueAfter(measure) + GRACE_STEPS

/**
 * Measures the store's size from time to time. `heard` is the latest measurement that other nodes reported.
 */
export class Measuring {
  readonly #store: Pick<Store, 'countSessions' | 'measureBytes'>
  readonly #fault: (fault: unknown) => void
  #last: Measure | null = null
  #isUnderWay = false
  #hasFailed = false

  /** Calls `fault` for the first of several failures in a row. */
  constructor(store: Pick<Store, 'countSessions' | 'measureBytes'>, fault: (fault: unknown) => void) {
    this.#store = store
    this.#fault = fault
  }

  /** Returns the latest measurement that this node knows. */
  latest(heard: Measure | null): Measure | null {
    return latestOf([this.#last, heard])
  }

  /**
   * Returns the latest measurement if it is valid in this step. Every node reports it, so no gap opens when
   * the measuring node stops.
   */
  at(step: number, heard: Measure | null): Measure | null {
    const latest = this.latest(heard)
    return latest !== null && holds(latest, step) ? latest : null
  }

  /** Measures the store, unless it is too early or a measurement is already running. */
  async measureIfDue(heard: Measure | null, now: Millis): Promise<void> {
    const latest = this.latest(heard)
    const isEarly = latest !== null && stepAt(now) < dueAfter(latest)
    if (isEarly || this.#isUnderWay) return
    this.#isUnderWay = true
    const startedAt = performance.now()
    const faults: unknown[] = []
    const orNull = (error: unknown) => {
      faults.push(error)
      return null
    }
    const sessions = await this.#store.countSessions(null, now).catch(orNull)
    const bytes = await this.#store.measureBytes().catch(orNull)
    this.#last = { at: now, took: Math.ceil(performance.now() - startedAt), sessions, bytes }
    if (faults.length > 0 && !this.#hasFailed) this.#fault(faults[0])
    this.#hasFailed = faults.length > 0
    this.#isUnderWay = false
  }
}
