import { expect } from 'bun:test'
import {
  attributesOf,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  isLive,
  newSession,
  noKeeper,
  now,
} from '../given.ts'
import type { Law } from '../laws.ts'

/** Deleting what is left of sessions. */
export const sweepLaws: readonly Law[] = [
  {
    says: 'sweeping takes the sessions whose time ran out at the given instant or before, and no others',
    needs: 'empty',
    async check(store) {
      const user = await givenUser(store)
      const ids: string[] = []
      for (const endsAt of [now - 1, now, now + 1]) {
        const { id } = await givenSessionOf(store, user, { beganAt: now - HOUR, endsAt })
        ids.push(id)
      }
      expect(await store.sweepSessions(now, 10)).toBe(2)
      expect(await Promise.all(ids.map((id) => isLive(store, id, now - 2)))).toEqual([false, false, true])
      expect(await store.sweepSessions(now, 10)).toBe(0)
    },
  },
  {
    says: 'sweeping leaves live sessions and their attributes as they are',
    needs: 'empty',
    async check(store) {
      const user = await givenUser(store)
      const live = await givenSessionOf(store, user, { endsAt: now + 1 })
      await givenAttributes(store, live.id, [['a', '1']])
      await givenSessionOf(store, user, { endsAt: now })
      const before = await store.readSession(live.id, 'all', now)
      expect(await store.sweepSessions(now, 10)).toBe(1)
      expect(await store.readSession(live.id, 'all', now)).toEqual(before)
    },
  },
  {
    says: 'a session that was ended is swept by the instant of its ending',
    needs: 'empty',
    async check(store) {
      const user = await givenUser(store)
      const { id, handle } = await givenSessionOf(store, user)
      await store.endSession(handle, null, 'revoked', now)
      expect(await store.sweepSessions(now - 1, 10)).toBe(0)
      expect(await store.insertSession(newSession(user, { id }))).toBe('id_taken')
      expect(await store.sweepSessions(now, 10)).toBe(1)
      expect(await store.insertSession(newSession(user, { id }))).toBe('inserted')
    },
  },
  {
    says: 'what was swept frees the id, and nothing of the old session is in the new one',
    needs: 'empty',
    async check(store) {
      const user = await givenUser(store)
      const expired = await givenSessionOf(store, user, { endsAt: now + 1 })
      const ended = await givenSessionOf(store, user)
      for (const { id } of [expired, ended]) await givenAttributes(store, id, [['a', '1']])
      await store.endSession(ended.handle, null, 'revoked', now)
      expect(await store.sweepSessions(now + 1, 10)).toBe(2)
      for (const { id } of [expired, ended]) {
        expect(await isLive(store, id)).toBe(false)
        expect(await store.insertSession(newSession(user, { id }))).toBe('inserted')
        expect(await attributesOf(store, id)).toEqual([])
        expect((await store.readSession(id, [], now))?.version).toBe(1)
        await givenAttributes(store, id, [['b', '2']])
        expect(await attributesOf(store, id)).toEqual([['b', '2']])
      }
    },
  },
  {
    says: 'sweeping takes no more than its limit at once, and comes to an end',
    needs: 'empty',
    async check(store) {
      const user = await givenUser(store)
      for (let i = 0; i < 4; i++) await givenSessionOf(store, user, { endsAt: now })
      for (let i = 0; i < 3; i++) {
        await store.endSession((await givenSessionOf(store, user)).handle, null, 'revoked', now)
      }
      const live = await givenSessionOf(store, user)
      const swept: number[] = []
      for (let i = 0; i < 4; i++) swept.push(await store.sweepSessions(now, 3))
      expect(swept).toEqual([3, 3, 1, 0])
      expect(await isLive(store, live.id)).toBe(true)
    },
  },
  {
    says: 'sessions that ended together, with their user or with all others, are swept too',
    needs: 'empty',
    async check(store) {
      const user = await givenUser(store)
      const revoked = await givenSessionOf(store, user)
      await store.updateUser(user.uname, {}, { generation: 8, except: null }, noKeeper)
      const deleted = await givenSession(store)
      await store.deleteUser(deleted.uname, noKeeper)
      const begun = await givenSessionOf(store, { uname: user.uname, generation: 8 })
      await store.endSessions(10, now)
      const again = (id: string) =>
        store.insertSession(newSession({ uname: user.uname, generation: 8 }, { id }))
      for (const { id } of [revoked, deleted, begun]) expect(await again(id)).toBe('id_taken')
      expect(await store.sweepSessions(now - 1, 10)).toBe(0)
      expect(await store.sweepSessions(now, 10)).toBe(3)
      for (const { id } of [revoked, deleted, begun]) expect(await again(id)).toBe('inserted')
    },
  },
]
