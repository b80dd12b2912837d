import { randomBytes } from 'node:crypto'
import type { Millis, Store } from '../store/store.ts'
import { formatReport, parseReport, type Report } from './report.ts'
import { latestOf, type Measure, STEP, type Step } from './step.ts'

/**
 * How many recent steps each report carries. Late reports are still added while their step is in this window,
 * so short outages of the store leave no gap.
 */
export const REPORTED_STEPS = 6

/** How long the store keeps a report: until no node needs its steps any more. */
const REPORT_KEPT_MS: Millis = (REPORTED_STEPS + 2) * STEP

/** A node that has been silent for more steps than this counts as gone. */
export const MAX_SILENT_STEPS = 2

/** A node that is running. */
export interface Node {
  readonly name: string
  readonly startedAt: Millis
  readonly version: string
}

/** This node and the other nodes it has heard of. Nodes learn of each other through the store. */
export class Nodes {
  readonly #store: Pick<Store, 'noteNode' | 'listNodes'>
  readonly #self: Node
  #others: readonly (Report & { readonly name: string })[] = []
  #own: ReadonlyMap<number, Step> = new Map()

  constructor(store: Pick<Store, 'noteNode' | 'listNodes'>, startedAt: Millis, version: string) {
    this.#store = store
    // A random name: several nodes on one machine then need no configuration.
    this.#self = { name: randomBytes(6).toString('hex'), startedAt, version }
  }

  get name(): string {
    return this.#self.name
  }

  /**
   * Writes this node's latest steps to the store and reads those of the others. Rejects if the store is
   * unavailable.
   */
  async exchange(own: ReadonlyMap<number, Step>, step: number, now: Millis): Promise<void> {
    const { name, startedAt, version } = this.#self
    const text = formatReport({ startedAt, version, saidIn: step, steps: own })
    await this.#store.noteNode({ name, text, endsAt: now + REPORT_KEPT_MS }, now)
    const said = await this.#store.listNodes(now)
    this.#own = new Map(own)
    this.#others = said.flatMap((each) => {
      // `parseReport` returns null for reports of other program versions, which exist during an upgrade.
      const report = each.name === name ? null : parseReport(each.text)
      return report === null ? [] : [{ ...report, name: each.name }]
    })
  }

  /** Returns the running nodes, including this one, oldest first. */
  present(step: number): readonly Node[] {
    return [this.#self, ...this.#othersIn(step)]
      .map(({ name, startedAt, version }) => ({ name, startedAt, version }))
      .sort((a, b) => a.startedAt - b.startedAt || (a.name < b.name ? -1 : 1))
  }

  isAlone(step: number): boolean {
    return this.#othersIn(step).length === 0
  }

  /**
   * Tells whether this node does the work that one node does for all. That is the oldest one; every node
   * agrees on it.
   */
  isFirst(step: number): boolean {
    return this.present(step)[0]?.name === this.#self.name
  }

  /** Returns what each node counted in a step. */
  told(number: number): readonly Step[] {
    return [this.#own, ...this.#others.map(({ steps }) => steps)].flatMap((steps) => steps.get(number) ?? [])
  }

  /** Returns the latest measurement that any node made up to and including step `last`. */
  measuredUntil(last: number): Measure | null {
    const steps = [this.#own, ...this.#others.map(({ steps }) => steps)].flatMap((each) => [...each])
    return latestOf(steps.map(([number, { measure }]) => (number <= last ? measure : null)))
  }

  #othersIn(step: number) {
    return this.#others.filter(({ saidIn }) => saidIn >= step - MAX_SILENT_STEPS)
  }
}
