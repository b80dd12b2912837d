import { expect, test } from 'bun:test'
import { Measuring } from '../../src/overview/measuring.ts'
import { openMemoryStore } from '../../src/store/memory.ts'

const STEP = 10_000

/** The steps, of so many, in which it is measured by a node that knows what was measured in the first. */
async function measuredIn(steps: number, took: number): Promise<readonly number[]> {
  const found: number[] = []
  for (let step = 1; step <= steps; step++) {
    const measuring = new Measuring(openMemoryStore(), () => {})
    // Late in its step, as a busy machine is.
    const heard = { at: 9_000, took, sessions: 5, bytes: null }
    await measuring.measureIfDue(heard, step * STEP)
    if (measuring.latest(heard)?.sessions === 0) found.push(step)
  }
  return found
}

test('it is measured in every step, and after what took long not before a hundred times as long', async () => {
  expect(await measuredIn(3, 1)).toEqual([1, 2, 3])
  expect(await measuredIn(3, 100)).toEqual([1, 2, 3])
  expect(await measuredIn(3, 101)).toEqual([2, 3])
  expect(await measuredIn(6, 500)).toEqual([5, 6])
})

test('what was measured holds until it is due again and a little longer, for every step until then', () => {
  const measuring = new Measuring(openMemoryStore(), () => {})
  const heard = { at: 5 * STEP, took: 500, sessions: 5, bytes: null }
  expect(measuring.at(5, heard)).toEqual(heard)
  expect(measuring.at(13, heard)).toEqual(heard)
  expect(measuring.at(14, heard)).toBeNull()
})

test('one measurement at a time, and the one that failed first is told', async () => {
  const store = openMemoryStore()
  let asked = 0
  const faults: unknown[] = []
  const counted = Promise.withResolvers<number>()
  const measuring = new Measuring(
    {
      countSessions: () => (asked++ === 0 ? counted.promise : Promise.reject(new Error(`${asked}`))),
      measureBytes: store.measureBytes,
    },
    (fault) => void faults.push(fault),
  )
  const first = measuring.measureIfDue(null, 0)
  await measuring.measureIfDue(null, 5 * STEP)
  expect(asked).toBe(1)
  counted.resolve(3)
  await first
  expect(measuring.latest(null)).toMatchObject({ at: 0, sessions: 3, bytes: null })
  for (const step of [10, 20, 30]) await measuring.measureIfDue(null, step * STEP)
  expect(faults).toEqual([new Error('2')])
  expect(measuring.latest(null)).toMatchObject({ at: 30 * STEP, sessions: null })
})
