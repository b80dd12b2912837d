import { type Call, Meter, numberOf } from '../../src/metrics/meter.ts'
import { Overview } from '../../src/overview/overview.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import type { Millis, Store } from '../../src/store/store.ts'

export const STEP: Millis = 10_000

/** A node that counts and tells, on the clock of all the nodes of a test. */
export interface Node {
  readonly overview: Overview
  readonly meter: Meter
  /** What it was told of that failed. */
  readonly faults: readonly unknown[]
  /** Counts so many requests that each took so many milliseconds. */
  ask(call: Call, count: number, millis: number): void
}

/** Nodes on one store, which look after each step one after the other. */
export interface Nodes extends AsyncDisposable {
  readonly store: Store
  now: Millis
  /** One more; `own` is what the store does otherwise to it. */
  start(own?: Partial<Store>): Promise<Node>
  /** Lets so many steps end, for these nodes or all. */
  pass(steps?: number, those?: readonly Node[]): Promise<void>
}

export function givenNodes(): Nodes {
  const store = openMemoryStore()
  const all: Node[] = []
  const nodes: Nodes = {
    store,
    now: Date.UTC(2030, 0, 1),
    async start(own = {}) {
      const meter = new Meter()
      const faults: unknown[] = []
      const overview = new Overview({
        store: { ...store, ...own },
        kind: 'memory',
        version: '1.0.0',
        meter,
        clock: () => nodes.now,
        fault: (fault) => void faults.push(fault),
      })
      overview.start()
      await overview.tick(nodes.now)
      const ask = (call: Call, count: number, millis: number) => {
        for (let i = 0; i < count; i++) meter.record(numberOf(call), 200, millis)
      }
      const node = { overview, meter, faults, ask }
      all.push(node)
      return node
    },
    async pass(steps = 1, those = all) {
      for (let i = 0; i < steps; i++) {
        nodes.now += STEP
        for (const { overview } of those) await overview.tick(nodes.now)
      }
    },
    async [Symbol.asyncDispose]() {
      for (const { overview } of all) await overview.stop()
    },
  }
  return nodes
}
