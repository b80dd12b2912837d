import { expect } from 'bun:test'
import { LOOKED_AT, type SessionFilter, type Store } from '../../../src/store/store.ts'
import {
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  MINUTE,
  newName,
  newSession,
  now,
  pagesOf,
  times,
} from '../given.ts'
import type { Law } from '../laws.ts'

/** The ids of all that is found, in the order of the list. */
async function found(store: Store, filter: SessionFilter, at = now): Promise<readonly string[]> {
  const pages = await pagesOf((after) => store.listSessions(filter, after, 100, at))
  return pages.flat().map(({ id }) => id)
}

/** Lists of the sessions that are meant, and how many there are. */
export const searchLaws: readonly Law[] = [
  {
    says: 'the sessions of an address are those that began at exactly this one, the latest login first',
    async check(store) {
      const [address, user] = [newName(), await givenUser(store)]
      const first = await givenSession(store, { address })
      const second = await givenSessionOf(store, user, { address, beganAt: now + 1 })
      for (const other of [`${address}0`, address.slice(0, -1), ''])
        await givenSessionOf(store, user, { address: other, beganAt: now + 2 })
      expect(await found(store, { address })).toEqual([second.id, first.id])
      for (const nowhere of [newName(), '\0', `${address}\0`, '*', "' OR ''='"])
        expect(await found(store, { address: nowhere })).toEqual([])
      expect(await found(store, { address: '' })).not.toContain(first.id)
    },
  },
  {
    says: 'a session is found by its whole handle, as long as it is live',
    async check(store) {
      const { id, handle, uname, address, endsAt } = await givenSession(store)
      await givenSession(store)
      expect(await found(store, { handle })).toEqual([id])
      expect(await found(store, { handle, uname, address }, endsAt - 1)).toEqual([id])
      for (const part of [handle.slice(0, 21), handle.slice(0, 1), '', `${handle}A`, id, '*', `${handle}\0`])
        expect(await found(store, { handle: part })).toEqual([])
      expect(await found(store, { handle }, endsAt)).toEqual([])
      await store.endSession(handle, null, 'revoked', now)
      expect(await found(store, { handle })).toEqual([])
    },
  },
  {
    says: 'what is found has all that the filter names',
    async check(store) {
      const [address, elsewhere] = [newName(), newName()]
      const [a, b] = [await givenUser(store), await givenUser(store)]
      const here = await givenSessionOf(store, a, { address })
      const there = await givenSessionOf(store, a, { address: elsewhere })
      const foreign = await givenSessionOf(store, b, { address })
      expect(await found(store, { uname: a.uname, address })).toEqual([here.id])
      expect(await found(store, { uname: b.uname, address: elsewhere })).toEqual([])
      expect(await found(store, { handle: foreign.handle, uname: a.uname })).toEqual([])
      expect(await found(store, { handle: there.handle, address })).toEqual([])
    },
  },
  {
    says: 'a page looks at a bounded number of sessions, and goes on behind those though it is empty',
    needs: 'empty',
    isCostly: true,
    async check(store) {
      const [address, user] = [newName(), await givenUser(store)]
      const rare = await givenSessionOf(store, user, { address, beganAt: now - 1 })
      const crowd = times(LOOKED_AT + 20, () => newSession(user))
      for (let at = 0; at < crowd.length; at += 500)
        await Promise.all(crowd.slice(at, at + 500).map((session) => store.insertSession(session)))
      for (const filter of [{ address }, { address, uname: user.uname }]) {
        const first = await store.listSessions(filter, null, 10, now)
        expect(first).toEqual({ items: [], next: expect.any(String) })
        expect(await found(store, filter)).toEqual([rare.id])
      }
      // Whom those do not concern gets a page of the usual size.
      expect((await store.listSessions({}, null, 10, now)).items).toHaveLength(10)
    },
  },
  {
    says: 'the sessions of a user are counted as they are listed, up to their last millisecond',
    async check(store, other) {
      const [user, stranger] = [await givenUser(store), await givenUser(store)]
      const count = (at = now) => store.countSessions(user.uname, at)
      expect(await count()).toBe(0)
      const [first] = [
        await givenSessionOf(store, user),
        await givenSessionOf(store, user),
        await givenSessionOf(other, user, { endsAt: now + MINUTE }),
        await givenSessionOf(store, stranger),
      ]
      expect(await count()).toBe(3)
      expect(await other.countSessions(user.uname, now + MINUTE - 1)).toBe(3)
      expect(await count(now + MINUTE)).toBe(2)
      await store.endSession(first.handle, null, 'revoked', now)
      expect([await count(), await store.countSessions(stranger.uname, now)]).toEqual([2, 1])
      expect(await store.countSessions(newName(), now)).toBe(0)
      expect(await store.countSessions('', now)).toBe(0)
      expect(await store.countSessions(`${user.uname}\0`, now)).toBe(0)
      expect(await found(store, { uname: `${user.uname}\0` })).toEqual([])
    },
  },
  {
    says: 'a session whose id was taken is not counted for whoever wanted it',
    async check(store) {
      const [owner, late] = [await givenUser(store), await givenUser(store)]
      const { id } = await givenSessionOf(store, owner)
      expect(await store.insertSession(newSession(late, { id }))).toBe('id_taken')
      expect(await store.countSessions(owner.uname, now)).toBe(1)
      expect(await store.countSessions(late.uname, now)).toBe(0)
    },
  },
  {
    says: 'the sessions of all are counted, those that were used until their last use has run out',
    needs: 'empty',
    async check(store, other) {
      expect(await store.countSessions(null, now)).toBe(0)
      const a = await givenSession(store)
      const b = await givenSession(other)
      await givenSession(store, { endsAt: now + MINUTE })
      for (const minutes of [1, 2, 3]) {
        const usedAt = now + minutes * MINUTE
        await store.touchSessions([{ id: a.id, usedAt, endsAt: a.endsAt + minutes * MINUTE }], now)
      }
      const uname = a.uname
      expect(await store.countSessions(null, now)).toBe(3)
      expect(await store.countSessions(null, now + MINUTE)).toBe(2)
      expect(await other.countSessions(null, b.endsAt)).toBe(1)
      expect(await store.countSessions(uname, b.endsAt)).toBe(1)
      expect(await store.countSessions(null, a.endsAt + 3 * MINUTE - 1)).toBe(1)
      expect(await store.countSessions(null, a.endsAt + 3 * MINUTE)).toBe(0)
      expect(await store.countSessions(uname, a.endsAt + 3 * MINUTE)).toBe(0)
      await store.endSession(a.handle, null, 'revoked', now)
      expect(await store.countSessions(null, now)).toBe(2)
      expect(await store.countSessions(null, now + 13 * HOUR)).toBe(0)
    },
  },
]
