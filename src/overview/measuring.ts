import type { Millis, Store } from '../store/store.ts'
import { latestOf, type Measure, STEP, stepAt } from './step.ts'

/** How many times as long as it took to measure nothing is measured: it takes a hundredth of the time at most. */
const REST = 100

/** Steps after it was due for which what was measured before still holds: another node may have to notice that it is its turn. */
const GRACE = 3

/** The first step in which it is to be measured again. */
const dueAfter = ({ at, took }: Measure): number => stepAt(at) + Math.max(1, Math.ceil((took * REST) / STEP))

/** Whether what was measured still holds for a step. */
const holds = (measure: Measure, step: number) => step <= dueAfter(measure) + GRACE

/** How much there is, measured now and then. `heard` is the latest that other nodes are known to have measured. */
export class Measuring {
  readonly #store: Pick<Store, 'countSessions' | 'measureBytes'>
  readonly #fault: (fault: unknown) => void
  #last: Measure | null = null
  #isUnderWay = false
  #hasFailed = false

  /** `fault` is told of the first of several failures. */
  constructor(store: Pick<Store, 'countSessions' | 'measureBytes'>, fault: (fault: unknown) => void) {
    this.#store = store
    this.#fault = fault
  }

  /** The latest that this node knows. */
  latest(heard: Measure | null): Measure | null {
    return latestOf([this.#last, heard])
  }

  /** The same, if it holds for this step. Each node tells it, or there would be a gap when the one that measures ends. */
  at(step: number, heard: Measure | null): Measure | null {
    const latest = this.latest(heard)
    return latest !== null && holds(latest, step) ? latest : null
  }

  /** Measures, unless it is too early. */
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
