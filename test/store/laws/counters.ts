import { expect } from 'bun:test'
import { givenSession, MINUTE, newName, now } from '../given.ts'
import type { Law } from '../laws.ts'

/** Counters, by which guessing is slowed. */
export const counterLaws: readonly Law[] = [
  {
    says: 'a counter is 0 until something is added, then what was added, each under its own name',
    async check(store) {
      const [name, other] = [newName(), newName()]
      expect((await store.addToCounter(name, 0, MINUTE, now)).count).toBe(0)
      expect((await store.addToCounter(name, 1, MINUTE, now)).count).toBe(1)
      expect((await store.addToCounter(name, 5, MINUTE, now)).count).toBe(6)
      expect((await store.addToCounter(name, 0, MINUTE, now)).count).toBe(6)
      expect((await store.addToCounter(other, 0, MINUTE, now)).count).toBe(0)
    },
  },
  {
    says: 'what is taken from a counter leaves it at 0 at least, also if it never began',
    async check(store) {
      const name = newName()
      expect((await store.addToCounter(name, -3, MINUTE, now)).count).toBe(0)
      expect((await store.addToCounter(name, 2, MINUTE, now)).count).toBe(2)
      expect((await store.addToCounter(name, -1, MINUTE, now)).count).toBe(1)
      expect((await store.addToCounter(name, -9, MINUTE, now)).count).toBe(0)
      expect((await store.addToCounter(name, 1, MINUTE, now)).count).toBe(1)
    },
  },
  {
    says: 'a counter ends a window after it began, whatever is added meanwhile, and then begins anew',
    async check(store) {
      const name = newName()
      const end = now + MINUTE
      expect(await store.addToCounter(name, 1, MINUTE, now)).toEqual({ count: 1, endsAt: end })
      expect(await store.addToCounter(name, 1, MINUTE, end - 1)).toEqual({ count: 2, endsAt: end })
      expect((await store.addToCounter(name, 0, MINUTE, end)).count).toBe(0)
      expect(await store.addToCounter(name, 1, MINUTE, end)).toEqual({ count: 1, endsAt: end + MINUTE })
    },
  },
  {
    says: 'a counter that was begun by a clock which was ahead is absent once the clock is set right',
    async check(store) {
      const [looked, added, taken] = [newName(), newName(), newName()]
      const ahead = now + 2 * MINUTE
      for (const name of [looked, added, taken]) await store.addToCounter(name, 3, MINUTE, ahead)
      expect((await store.addToCounter(looked, 0, MINUTE, now)).count).toBe(0)
      expect(await store.addToCounter(added, 1, MINUTE, now)).toEqual({ count: 1, endsAt: now + MINUTE })
      expect((await store.addToCounter(taken, -1, MINUTE, now)).count).toBe(0)
      // Not by less than the jump: it may end as late as if it began now.
      await store.addToCounter(taken, 2, MINUTE, now)
      expect((await store.addToCounter(taken, 1, MINUTE, now)).count).toBe(3)
    },
  },
  {
    says: 'to look at a counter, or to take from one that never began, does not begin it',
    async check(store) {
      const name = newName()
      await store.addToCounter(name, 0, MINUTE, now)
      await store.addToCounter(name, -1, MINUTE, now)
      expect((await store.addToCounter(name, 1, MINUTE, now + 7)).endsAt).toBe(now + 7 + MINUTE)
    },
  },
  {
    says: 'what many add to a counter at once is all there',
    async check(store) {
      const name = newName()
      const counts = await Promise.all(
        Array.from({ length: 20 }, async () => (await store.addToCounter(name, 1, MINUTE, now)).count),
      )
      expect(counts.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
    },
  },
  {
    says: 'counters that ended are swept, and count towards the limit; others stay',
    needs: 'empty',
    async check(store) {
      const [first, second, third] = [newName(), newName(), newName()]
      await store.addToCounter(first, 1, MINUTE, now - MINUTE)
      await store.addToCounter(second, 1, MINUTE, now - MINUTE)
      await store.addToCounter(third, 1, MINUTE, now)
      await givenSession(store, { endsAt: now })
      expect(await store.sweepSessions(now, 2)).toBe(2)
      expect(await store.sweepSessions(now, 2)).toBe(1)
      expect(await store.sweepSessions(now, 2)).toBe(0)
      expect((await store.addToCounter(third, 0, MINUTE, now)).count).toBe(1)
    },
  },
]
