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
import { roomFaults } from './faults/rooms.ts'
import { searchFaults } from './faults/searches.ts'
import { touchFaults } from './faults/touches.ts'
import { userByteFaults } from './faults/user-bytes.ts'
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
  ...roomFaults,
  ...userByteFaults,
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

/** The methods of a store that a law calls, found by checking it on a good store that takes note. */
async function methodsOf({ check }: Law): Promise<ReadonlySet<string>> {
  const good = openMemoryStore()
  const called = new Set<string>()
  const noting = new Proxy(good, {
    get(store, method) {
      called.add(String(method))
      return Reflect.get(store, method)
    },
  })
  await check(noting, noting)
  return called
}

/** What the laws say that two nodes of a store break which both have this fault. */
async function brokenBy(fault: Fault): Promise<readonly string[]> {
  const wrong = Object.keys(fault(openMemoryStore()))
  // A law that calls no method with the fault cannot notice it: this leaves out most of them, and the time that they take.
  const asked = laws.filter((law) => wrong.some((method) => methods.get(law)?.has(method)))
  const isCheap = ({ isCostly }: Law) => isCostly !== true
  const noticed = await noticing(fault, asked.filter(isCheap))
  return noticed.length > 0 ? noticed : noticing(fault, asked)
}

/** What those of the laws say that are broken by two nodes which have this fault. */
async function noticing(fault: Fault, asked: readonly Law[]): Promise<readonly string[]> {
  const kept = asked.map((law) => {
    const good = openMemoryStore()
    const node = () => ({ ...good, ...fault(good) })
    return isKept(law, node(), node())
  })
  // At once, since one that waits for what is never told takes its time.
  const are = await Promise.all(kept)
  return asked.filter((_, i) => !are[i]).map(({ says }) => says)
}

const methods = new Map<Law, ReadonlySet<string>>()
await Promise.all(laws.map(async (law) => methods.set(law, await methodsOf(law))))

const broken = new Map<string, readonly string[]>()
await Promise.all(
  Object.entries(faults).map(async ([name, fault]) => broken.set(name, await brokenBy(fault))),
)

for (const [name, says] of broken) {
  test(`a store whose fault is that ${name} breaks a law`, () => {
    expect(says).not.toEqual([])
  })
}

test('a store without a fault breaks none', async () => {
  const kept = await Promise.all(
    laws.map((law) => {
      const good = openMemoryStore()
      return isKept(law, good, { ...good })
    }),
  )
  expect(laws.filter((_, i) => !kept[i])).toEqual([])
})

// A fault that breaks nearly all of them says nothing about one.
test('every law is broken by a fault that few laws notice', () => {
  const noticed = new Set([...broken.values()].filter((says) => says.length <= laws.length / 4).flat())
  expect(laws.map(({ says }) => says).filter((says) => !noticed.has(says))).toEqual([])
})
