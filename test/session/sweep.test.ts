import { expect, test } from 'bun:test'
import { sweepAll } from '../../src/session/sweep.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import { givenSessionOf, givenUser, now } from '../store/given.ts'

/** A store with so many sessions that have ended, in which each step of a sweep takes `step` milliseconds, and what was rested. */
async function givenEnded(count: number, step: number) {
  const store = openMemoryStore()
  const user = await givenUser(store)
  for (let i = 0; i < count; i++) await givenSessionOf(store, user, { endsAt: now })
  let elapsed = 0
  const rests: number[] = []
  return {
    rests,
    store: {
      ...store,
      sweepSessions(...args: Parameters<typeof store.sweepSessions>) {
        elapsed += step
        return store.sweepSessions(...args)
      },
    },
    pace: {
      isStopped: () => false,
      elapsed: () => elapsed,
      rest: async (period: number) => {
        elapsed += period
        rests.push(period)
      },
    },
  }
}

test('a sweep rests after each step for nine times as long as it took, and not after the last', async () => {
  const { store, pace, rests } = await givenEnded(450, 7)
  expect(await sweepAll(store, now, pace)).toBe(450)
  expect(rests).toEqual([63, 63])
  expect(await sweepAll(store, now, pace)).toBe(0)
  expect(rests).toHaveLength(2)
})

test('a step that took very long is not rested from for as long', async () => {
  const { store, pace, rests } = await givenEnded(250, 60_000)
  expect(await sweepAll(store, now, pace)).toBe(250)
  expect(rests).toEqual([1_000])
})

test('a sweep that is stopped while it rests does no further step', async () => {
  const { store, pace, rests } = await givenEnded(450, 7)
  expect(await sweepAll(store, now, { ...pace, isStopped: () => rests.length === 1 })).toBe(200)
  expect(await store.sweepSessions(now, 1_000)).toBe(250)
})
