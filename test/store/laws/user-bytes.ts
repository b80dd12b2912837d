import { expect } from 'bun:test'
import type { Bounds } from '../../../src/store/bounds.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  anyVersion,
  attributesOf,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  now,
  roomy,
} from '../given.ts'
import type { Law } from '../laws.ts'
import { elsewhere } from './restores.ts'

/** A share of 10 bytes, and 40 for all. */
const BOUNDS: Bounds = { ...roomy, shareBytes: 10, maxUserBytes: 40 }

/** Puts as many bytes into the attribute `a` of a session, its key among them. */
async function putBytes(store: Store, id: string, bytes: number, bounds: Bounds = BOUNDS) {
  const outcome = await store.putAttributes(id, new Map([['a', 'x'.repeat(bytes - 1)]]), bounds, anyVersion)
  return typeof outcome === 'string' ? outcome : 'stored'
}

async function givenSessions(store: Store) {
  const user = await givenUser(store)
  const [a, b, c] = [
    await givenSessionOf(store, user),
    await givenSessionOf(store, user),
    await givenSessionOf(store, user, { endsAt: now + 10 }),
  ]
  return { user, a, b, c }
}

/** How much all sessions of a user may have. */
export const userByteLaws: readonly Law[] = [
  {
    says: 'beyond its share a session may have what other sessions of its user leave, and not one byte more',
    async check(store, other) {
      const { a, b, c } = await givenSessions(store)
      const stranger = await givenSession(store)
      expect(await putBytes(store, stranger.id, 40)).toBe('stored')
      expect(await putBytes(store, a.id, 15)).toBe('stored')
      expect(await putBytes(other, b.id, 12)).toBe('stored')
      expect(await putBytes(store, c.id, 14)).toBe('user_too_large')
      expect(await attributesOf(store, c.id)).toEqual([])
      expect(await store.readSession(c.id, [], now)).toMatchObject({ version: 1 })
      expect(await putBytes(store, c.id, 13)).toBe('stored')
      expect(await putBytes(other, a.id, 16)).toBe('user_too_large')
      expect(await putBytes(store, a.id, 16, { ...BOUNDS, maxUserBytes: 41 })).toBe('stored')
    },
  },
  {
    says: 'within its share a session may have what it likes, whatever others of its user have',
    async check(store) {
      const { a, b, c } = await givenSessions(store)
      expect(await putBytes(store, a.id, 40)).toBe('stored')
      expect(await putBytes(store, b.id, 10)).toBe('stored')
      expect(await putBytes(store, c.id, 11)).toBe('user_too_large')
      expect(await putBytes(store, c.id, 10)).toBe('stored')
      expect(await putBytes(store, c.id, 12)).toBe('user_too_large')
    },
  },
  {
    says: 'a session that has more than there is room for may be written, as long as it does not grow',
    async check(store) {
      const { a, b } = await givenSessions(store)
      expect(await putBytes(store, a.id, 60, roomy)).toBe('stored')
      expect(await putBytes(store, b.id, 30, roomy)).toBe('stored')
      expect(await putBytes(store, a.id, 61)).toBe('user_too_large')
      expect(await putBytes(store, a.id, 60)).toBe('stored')
      expect(await putBytes(store, a.id, 50)).toBe('stored')
      expect(await putBytes(store, a.id, 51)).toBe('user_too_large')
    },
  },
  {
    says: 'what a restored session brings along counts as what was put',
    async check(store) {
      const { user, a } = await givenSessions(store)
      const brought = new Map([['a', 'x'.repeat(29)]])
      expect(await store.restoreSession(elsewhere(user.uname), brought)).toBe('restored')
      expect(await putBytes(store, a.id, 11)).toBe('user_too_large')
      expect(await putBytes(store, a.id, 10)).toBe('stored')
    },
  },
  {
    says: 'what was removed, and sessions that have ended, leave their room',
    async check(store) {
      const { a, b, c } = await givenSessions(store)
      for (const { id } of [a, b, c]) expect(await putBytes(store, id, 13)).toBe('stored')
      expect(await putBytes(store, a.id, 27)).toBe('user_too_large')
      await store.removeAttributes(b.id, ['a'], anyVersion)
      expect(await putBytes(store, a.id, 27)).toBe('stored')
      await store.endSession(b.handle, null, 'logout', now)
      // By then the third has ended by itself.
      const later = { now: now + 10, version: null }
      const whole = new Map([['a', 'x'.repeat(39)]])
      expect(await store.putAttributes(a.id, whole, BOUNDS, { ...later, now: now + 9 })).toBe(
        'user_too_large',
      )
      expect(await store.putAttributes(a.id, whole, BOUNDS, later)).toMatchObject({ version: 4 })
      expect(await store.readSession(a.id, ['a'], now + 10)).toMatchObject({ version: 4 })
      await store.touchSessions([{ id: a.id, usedAt: now + 1, endsAt: now + HOUR }], now + 1)
    },
  },
]
