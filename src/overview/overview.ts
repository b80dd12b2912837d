import type { Meter, Snapshot } from '../metrics/meter.ts'
import type { Millis, Store } from '../store/store.ts'
import { type Curves, History, STEPS } from './history.ts'
import { Measuring } from './measuring.ts'
import { MAX_SILENT_STEPS, type Node, Nodes, REPORTED_STEPS } from './nodes.ts'
import { type Measure, STEP, type Step, stepAt, toStep } from './step.ts'

/**
 * Delay after the beginning of a step, since timers can fire early; and the shortest time between two ticks.
 */
const [TIMER_SLACK_MS, MIN_PAUSE_MS] = [5, 100]

/** What the overview is built from. */
export interface Sources {
  readonly store: Pick<Store, 'noteNode' | 'listNodes' | 'countSessions' | 'measureBytes' | 'ping'>
  /** The kind of store, such as `redis`. */
  readonly kind: string
  /** The program's version. */
  readonly version: string
  readonly meter: Meter
  readonly clock: () => Millis
  /** Called for the first of several failures in a row. */
  fault(fault: unknown): void
}

/** The state of all nodes together. Every node returns the same. */
export interface Shown {
  readonly nodes: readonly Node[]
  readonly kind: string
  /** Whether the store responds. */
  readonly isUp: boolean
  readonly measure: Measure | null
  /** When the first step of the curves began. */
  readonly from: Millis
  /** The length of a step, in milliseconds. */
  readonly step: Millis
  readonly curves: Curves
}

/**
 * What all nodes of an installation do now and did in the last hour. After each step, a node writes its
 * counts to the store and adds up the reports of all nodes. While the store is unavailable, the curves have a
 * gap.
 */
export class Overview {
  readonly #sources: Sources
  readonly #nodes: Nodes
  readonly #measuring: Measuring
  readonly #history = new History()
  /** What this node counted in its latest steps. */
  readonly #own = new Map<number, Step>()
  #step: number
  #snapshot: Snapshot
  /** The last step that was added up. */
  #last: number
  #exchanging: Promise<void> | null = null
  #isAway = false
  #isStopped = false
  #timer: NodeJS.Timeout | null = null

  constructor(sources: Sources) {
    const { store, version, meter, clock } = sources
    const startedAt = clock()
    this.#sources = sources
    this.#nodes = new Nodes(store, startedAt, version)
    this.#measuring = new Measuring(store, (error) => this.#fault(error))
    this.#step = stepAt(startedAt)
    this.#last = this.#step - 1
    this.#snapshot = meter.snapshot()
  }

  /** The name by which other nodes know this node. */
  get name(): string {
    return this.#nodes.name
  }

  /**
   * Starts the timer and reads the other nodes' reports of the last minute. The timer does not keep the
   * process alive.
   */
  start(): void {
    this.#schedule()
    this.#begin(this.#sources.clock())
  }

  /** Stops the timer and waits for a running exchange with the store. */
  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#exchanging
  }

  /**
   * Processes the step that has ended since the last call, if any. Resolves after the exchange with the
   * store. Never rejects.
   */
  async tick(now: Millis): Promise<void> {
    const step = stepAt(now)
    if (step !== this.#step && !this.#isStopped) {
      this.#count(step)
      this.#begin(now)
    }
    await this.#exchanging
  }

  /** Returns the current state. Never rejects. */
  async read(): Promise<Shown> {
    const now = this.#sources.clock()
    const ping = this.#sources.store.ping().then(
      () => true,
      () => false,
    )
    await this.tick(now)
    const step = stepAt(now)
    // The curves move on even while the store is unavailable.
    const last = Math.min(Math.max(this.#last, step - 1 - MAX_SILENT_STEPS), step - 1)
    const heard = this.#nodes.measuredUntil(last)
    return {
      nodes: this.#nodes.present(step),
      kind: this.#sources.kind,
      isUp: await ping,
      // With several nodes, show only a measurement that all of them know by now.
      measure: this.#nodes.isAlone(step) ? this.#measuring.latest(heard) : heard,
      from: (last - STEPS + 1) * STEP,
      step: STEP,
      curves: this.#history.read(last),
    }
  }

  #schedule(): void {
    const { clock } = this.#sources
    const left = STEP - (clock() % STEP)
    this.#timer = setTimeout(
      () => {
        void this.tick(clock())
        this.#schedule()
      },
      Math.max(MIN_PAUSE_MS, left + TIMER_SLACK_MS),
    )
    this.#timer.unref()
  }

  /** Starts an exchange with the store, unless one is running. */
  #begin(now: Millis): void {
    this.#exchanging ??= this.#exchange(now).finally(() => {
      this.#exchanging = null
    })
  }

  /**
   * Records the counts since the last tick. Skips them if several steps have passed, since they cannot be
   * told apart.
   */
  #count(step: number): void {
    const snapshot = this.#sources.meter.snapshot()
    if (this.#step === step - 1) {
      const measure = this.#measuring.at(this.#step, this.#nodes.measuredUntil(this.#step))
      this.#own.set(this.#step, toStep(snapshot.since(this.#snapshot), measure))
    }
    for (const number of this.#own.keys()) {
      if (number < step - REPORTED_STEPS || number >= step) this.#own.delete(number)
    }
    this.#step = step
    this.#snapshot = snapshot
  }

  async #exchange(now: Millis): Promise<void> {
    const step = this.#step
    try {
      await this.#nodes.exchange(this.#own, step, now)
      this.#isAway = false
    } catch (error) {
      if (!this.#isAway) this.#fault(error)
      this.#isAway = true
      return
    }
    // Other nodes may not have reported the step that has just ended.
    this.#last = step - (this.#nodes.isAlone(step) ? 1 : 2)
    for (let number = step - REPORTED_STEPS; number <= this.#last; number++) {
      const told = this.#nodes.told(number)
      if (told.length > 0) this.#history.put(number, told)
    }
    // Not before a step has ended: a short-lived server should not start a counting thread.
    if (this.#own.size > 0 && !this.#isStopped && this.#nodes.isFirst(step)) {
      void this.#measuring.measureIfDue(this.#nodes.measuredUntil(step), now)
    }
  }

  #fault(error: unknown): void {
    if (!this.#isStopped) this.#sources.fault(error)
  }
}
