import type { Meter, Snapshot } from '../metrics/meter.ts'
import type { Millis, Store } from '../store/store.ts'
import { type Curves, History, STEPS } from './history.ts'
import { Measuring } from './measuring.ts'
import { type Node, Nodes, SILENCE, TOLD } from './nodes.ts'
import { type Measure, STEP, type Step, stepAt, stepOf } from './step.ts'

/** Milliseconds after the beginning of a step at which it is looked for, since timers come early, too; and between two looks at least. */
const [LATE, PAUSE] = [5, 100]

/** What an overview is made of. */
export interface Sources {
  readonly store: Pick<Store, 'noteNode' | 'listNodes' | 'countSessions' | 'measureBytes' | 'ping'>
  /** What kind of store it is. */
  readonly kind: string
  /** Of the program. */
  readonly version: string
  readonly meter: Meter
  readonly clock: () => Millis
  /** Told of the first of several failures. */
  fault(fault: unknown): void
}

/** All nodes together, as any of them says it. */
export interface Shown {
  readonly nodes: readonly Node[]
  readonly kind: string
  /** Whether the store answers. */
  readonly isUp: boolean
  readonly measure: Measure | null
  /** When the first step of the curves began. */
  readonly from: Millis
  /** The length of a step, in milliseconds. */
  readonly step: Millis
  readonly curves: Curves
}

/**
 * What all nodes of an installation do, and did in the last hour, as far as this one has heard of it. At the end of each step a node tells
 * what it counted, by way of the store, and adds up what all have told of the steps before. While the store is away there is a gap.
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

  /** By which the others know this node. */
  get name(): string {
    return this.#nodes.name
  }

  /** Begins, with what the others have told of the last minute. The timer keeps no process from ending. */
  start(): void {
    this.#schedule()
    this.#begin(this.#sources.clock())
  }

  /** Stops, and waits for the store where it is being asked. */
  async stop(): Promise<void> {
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#exchanging
  }

  /** Looks after the step that has ended, if one has since the last time; resolves when the store has been asked. Never rejects. */
  async tick(now: Millis): Promise<void> {
    const step = stepAt(now)
    if (step !== this.#step && !this.#isStopped) {
      this.#count(step)
      this.#begin(now)
    }
    await this.#exchanging
  }

  /** What there is to show now. Never rejects. */
  async read(): Promise<Shown> {
    const now = this.#sources.clock()
    const ping = this.#sources.store.ping().then(
      () => true,
      () => false,
    )
    await this.tick(now)
    const step = stepAt(now)
    // Also where the store is away time goes on.
    const last = Math.min(Math.max(this.#last, step - 1 - SILENCE), step - 1)
    const heard = this.#nodes.measuredUntil(last)
    return {
      nodes: this.#nodes.present(step),
      kind: this.#sources.kind,
      isUp: await ping,
      // Of several nodes none says more than all of them know by now.
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
      Math.max(PAUSE, left + LATE),
    )
    this.#timer.unref()
  }

  /** Asks the store, if it is not being asked. */
  #begin(now: Millis): void {
    this.#exchanging ??= this.#exchange(now).finally(() => {
      this.#exchanging = null
    })
  }

  /** Takes down what was counted since the last time, if that was in one step: of several nobody knows what belongs to which. */
  #count(step: number): void {
    const snapshot = this.#sources.meter.snapshot()
    if (this.#step === step - 1) {
      const measure = this.#measuring.at(this.#step, this.#nodes.measuredUntil(this.#step))
      this.#own.set(this.#step, stepOf(snapshot.since(this.#snapshot), measure))
    }
    for (const number of this.#own.keys()) {
      if (number < step - TOLD || number >= step) this.#own.delete(number)
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
    // What ended just now the others may not have told yet.
    this.#last = step - (this.#nodes.isAlone(step) ? 1 : 2)
    for (let number = step - TOLD; number <= this.#last; number++) {
      const told = this.#nodes.told(number)
      if (told.length > 0) this.#history.put(number, told)
    }
    // Not before a step has ended: a server that is soon stopped needs no thread that counts.
    if (this.#own.size > 0 && !this.#isStopped && this.#nodes.isFirst(step)) {
      void this.#measuring.measureIfDue(this.#nodes.measuredUntil(step), now)
    }
  }

  #fault(error: unknown): void {
    if (!this.#isStopped) this.#sources.fault(error)
  }
}
