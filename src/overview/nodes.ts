import { randomBytes } from 'node:crypto'
import type { Millis, Store } from '../store/store.ts'
import { type Report, reportOf, textOf } from './report.ts'
import { latestOf, type Measure, STEP, type Step } from './step.ts'

/**
 * So many of its latest steps does a node tell, and so long do all of them go on to add them up: what was told late, or while the store
 * was away for less, is in the sums of every node in the end.
 */
export const TOLD = 6

/** For so long what a node said is kept: as long as any other looks at the steps in it, so that no sum ever loses the part of a node. */
const KEPT: Millis = (TOLD + 2) * STEP

/** A node that has not said anything for more steps than these is not there any more. */
export const SILENCE = 2

/** A node that is there. */
export interface Node {
  readonly name: string
  readonly startedAt: Millis
  readonly version: string
}

/** This node and the others, as far as it has heard of them. They hear of each other by way of the store. */
export class Nodes {
  readonly #store: Pick<Store, 'noteNode' | 'listNodes'>
  readonly #self: Node
  #others: readonly (Report & { readonly name: string })[] = []
  #own: ReadonlyMap<number, Step> = new Map()

  constructor(store: Pick<Store, 'noteNode' | 'listNodes'>, startedAt: Millis, version: string) {
    this.#store = store
    // Where a machine has several, none of them has to be told how it is called.
    this.#self = { name: randomBytes(6).toString('hex'), startedAt, version }
  }

  get name(): string {
    return this.#self.name
  }

  /** Tells what this node counted in its latest steps, and hears what the others did. Rejects if the store is away. */
  async exchange(own: ReadonlyMap<number, Step>, step: number, now: Millis): Promise<void> {
    const { name, startedAt, version } = this.#self
    const text = textOf({ startedAt, version, saidIn: step, steps: own })
    await this.#store.noteNode({ name, text, endsAt: now + KEPT }, now)
    const said = await this.#store.listNodes(now)
    this.#own = new Map(own)
    this.#others = said.flatMap((each) => {
      // None is of another version of the program, perhaps, while one takes the place of the other.
      const report = each.name === name ? null : reportOf(each.text)
      return report === null ? [] : [{ ...report, name: each.name }]
    })
  }

  /** Those that are there, this one too, the oldest first. */
  present(step: number): readonly Node[] {
    return [this.#self, ...this.#othersIn(step)]
      .map(({ name, startedAt, version }) => ({ name, startedAt, version }))
      .sort((a, b) => a.startedAt - b.startedAt || (a.name < b.name ? -1 : 1))
  }

  isAlone(step: number): boolean {
    return this.#othersIn(step).length === 0
  }

  /** Whether what one node does for all is this one's: it is the first of them, as every other knows, too. */
  isFirst(step: number): boolean {
    return this.present(step)[0]?.name === this.#self.name
  }

  /** What was told of a step, by all. */
  told(number: number): readonly Step[] {
    return [this.#own, ...this.#others.map(({ steps }) => steps)].flatMap((steps) => steps.get(number) ?? [])
  }

  /** The latest that anybody measured until the end of this step. */
  measuredUntil(last: number): Measure | null {
    const steps = [this.#own, ...this.#others.map(({ steps }) => steps)].flatMap((each) => [...each])
    return latestOf(steps.map(([number, { measure }]) => (number <= last ? measure : null)))
  }

  #othersIn(step: number) {
    return this.#others.filter(({ saidIn }) => saidIn >= step - SILENCE)
  }
}
