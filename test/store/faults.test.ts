import { expect, test } from 'bun:test'
import { openMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { removeFaults, textFaults, writeFaults } from './faults/attributes.ts'
import { boundFaults } from './faults/bounds.ts'
import { counterFaults } from './faults/counters.ts'
import { endFaults } from './faults/ends.ts'
import { eventFaults } from './faults/events.ts'
import type { Fault } from './faults/fault.ts'
import { insertFaults } from './faults/inserts.ts'
import { keeperFaults } from './faults/keepers.ts'
import { listFaults, sweepFaults } from './faults/lists.ts'
import { nodeFaults } from './faults/nodes.ts'
import { readFaults } from './faults/reads.ts'
import { reportFaults } from './faults/reports.ts'
import { restoreFaults } from './faults/restores.ts'
import { revocationFaults } from './faults/revocations.ts'
import { searchFaults } from './faults/searches.ts'
import { touchFaults } from './faults/touches.ts'
import { userFaults } from './faults/users.ts'
import { watchFaults } from './faults/watching.ts'
import { type Law, laws } from './laws.ts'

const faults: Record<string, Fault> = {
  ...insertFaults,
  ...readFaults,
  ...endFaults,
  ...touchFaults,
  ...listFaults,
  ...searchFaults,
  ...sweepFaults,
  ...writeFaults,
  ...removeFaults,
  ...textFaults,
  ...boundFaults,
  ...userFaults,
  ...revocationFaults,
  ...keeperFaults,
  ...counterFaults,
  ...eventFaults,
  ...nodeFaults,
  ...reportFaults,
  ...restoreFaults,
  ...watchFaults,
}

async function isKept({ check }: Law, store: Store, other: Store): Promise<boolean> {
  try {
    await check(store, other)
    return true
  } catch {
    return false
  }
}

/** What the laws say that two nodes of a store break which both have this fault. */
async function brokenBy(fault: Fault): Promise<readonly string[]> {
  const kept = laws.map((law) => {
    const good = openMemoryStore()
    const node = () => ({ ...good, ...fault(good) })
    return isKept(law, node(), node())
  })
  // At once, since one that waits for what is never told takes its time.
  const are = await Promise.all(kept)
  return laws.filter((_, i) => !are[i]).map(({ says }) => says)
}

const broken = new Map<string, readonly string[]>()
await Promise.all(
  Object.entries(faults).map(async ([name, fault]) => broken.set(name, await brokenBy(fault))),
)
const brokenByNone = await brokenBy(() => ({}))

for (const [name, says] of broken) {
  test(`a store whose fault is that ${name} breaks a law`, () => {
    expect(says).not.toEqual([])
  })
}

test('a store without a fault breaks none', () => {
  expect(brokenByNone).toEqual([])
})

// A fault that breaks nearly all of them says nothing about one.
test('every law is broken by a fault that few laws notice', () => {
  const noticed = new Set([...broken.values()].filter((says) => says.length <= laws.length / 4).flat())
  expect(laws.map(({ says }) => says).filter((says) => !noticed.has(says))).toEqual([])
})
