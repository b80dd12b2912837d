import { expect } from 'bun:test'
import type { Store } from '../../../src/store/store.ts'
import {
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  isLive,
  MINUTE,
  newId,
  now,
} from '../given.ts'
import type { Law } from '../laws.ts'

const timesOf = async (store: Store, id: string) => {
  const session = await store.readSession(id, [], now)
  return session && [session.usedAt, session.endsAt]
}

/** Uses of sessions. */
export const touchLaws: readonly Law[] = [
  {
    says: 'a use moves the last use and the end, and nothing else',
    async check(store) {
      const { id } = await givenSession(store)
      await givenAttributes(store, id, [['a', '1']])
      const before = await store.readSession(id, 'all', now)
      const later = { usedAt: now + 10 * MINUTE, endsAt: now + 40 * MINUTE }
      await store.touchSessions([{ id, ...later }], now + 10 * MINUTE)
      expect(await store.readSession(id, 'all', now)).toEqual({ ...before, ...later } as typeof before)
      expect(await isLive(store, id, later.endsAt - 1)).toBe(true)
      expect(await isLive(store, id, later.endsAt)).toBe(false)
    },
  },
  {
    says: 'a use that is reported late moves nothing back',
    async check(store) {
      const { id } = await givenSession(store)
      await store.touchSessions([{ id, usedAt: now + 20, endsAt: now + HOUR }], now)
      await store.touchSessions([{ id, usedAt: now + 10, endsAt: now + HOUR - 1 }], now)
      expect(await timesOf(store, id)).toEqual([now + 20, now + HOUR])
    },
  },
  {
    says: 'the last use and the end move forward independently of each other',
    async check(store) {
      const { id, endsAt } = await givenSession(store)
      await store.touchSessions([{ id, usedAt: now + 20, endsAt: endsAt - 1 }], now)
      expect(await timesOf(store, id)).toEqual([now + 20, endsAt])
      await store.touchSessions([{ id, usedAt: now + 10, endsAt: endsAt + 1 }], now)
      expect(await timesOf(store, id)).toEqual([now + 20, endsAt + 1])
    },
  },
  {
    says: 'no use moves the end beyond the latest one',
    async check(store) {
      const { id, latestEndsAt } = await givenSession(store)
      await store.touchSessions([{ id, usedAt: now + 1, endsAt: latestEndsAt - 1 }], now)
      expect(await timesOf(store, id)).toEqual([now + 1, latestEndsAt - 1])
      await store.touchSessions([{ id, usedAt: now + 2, endsAt: latestEndsAt + HOUR }], now)
      expect(await timesOf(store, id)).toEqual([now + 2, latestEndsAt])
      expect(await isLive(store, id, latestEndsAt - 1)).toBe(true)
      expect(await isLive(store, id, latestEndsAt)).toBe(false)
    },
  },
  {
    says: 'a use in the last millisecond counts, and one in the millisecond of the end revives nothing',
    async check(store) {
      const user = await givenUser(store)
      const [used, late] = [await givenSessionOf(store, user), await givenSessionOf(store, user)]
      const { endsAt } = used
      const use = { usedAt: endsAt - 1, endsAt: endsAt + HOUR }
      await store.touchSessions([{ id: used.id, ...use }], endsAt - 1)
      await store.touchSessions([{ id: late.id, ...use }], endsAt)
      expect(await isLive(store, used.id, endsAt)).toBe(true)
      expect(await isLive(store, late.id, endsAt)).toBe(false)
    },
  },
  {
    says: 'a use never revives a session that was ended',
    async check(store) {
      const { id, handle } = await givenSession(store)
      await store.endSession(handle, null, 'revoked', now)
      await store.touchSessions([{ id, usedAt: now, endsAt: now + HOUR }], now)
      await store.touchSessions([{ id, usedAt: now, endsAt: now + HOUR }], 0)
      expect(await isLive(store, id)).toBe(false)
      expect(await isLive(store, id, 0)).toBe(false)
    },
  },
  {
    says: 'uses that are written together each reach their own session, whatever became of the others',
    async check(store) {
      const user = await givenUser(store)
      const [a, b, ended, other] = await Promise.all(
        Array.from({ length: 4 }, () => givenSessionOf(store, user)),
      )
      if (!(a && b && ended && other)) throw new Error('unreachable')
      await store.endSession(ended.handle, null, 'revoked', now)
      const uses = [
        { id: newId(), usedAt: now + 9, endsAt: now + 9 * HOUR },
        { id: a.id, usedAt: now + 1, endsAt: now + HOUR },
        { id: ended.id, usedAt: now + 9, endsAt: now + 9 * HOUR },
        { id: b.id, usedAt: now + 2, endsAt: now + 2 * HOUR },
        { id: a.id, usedAt: now + 3, endsAt: now + 3 * HOUR },
      ]
      await store.touchSessions(uses, now)
      await store.touchSessions([], now)
      expect(await timesOf(store, a.id)).toEqual([now + 3, now + 3 * HOUR])
      expect(await timesOf(store, b.id)).toEqual([now + 2, now + 2 * HOUR])
      expect(await timesOf(store, ended.id)).toBeNull()
      expect(await timesOf(store, other.id)).toEqual([now, other.endsAt])
    },
  },
  {
    says: 'a use of what is not exactly an id touches no session',
    async check(store) {
      const { id, handle, endsAt } = await givenSession(store)
      for (const wrong of ['', id.slice(0, -1), id.slice(0, 1), handle, '%', '*']) {
        await store.touchSessions([{ id: wrong, usedAt: now + 1, endsAt: endsAt + 1 }], now)
      }
      expect(await timesOf(store, id)).toEqual([now, endsAt])
    },
  },
]
