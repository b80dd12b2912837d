import { expect } from 'bun:test'
import type { Store } from '../../../src/store/store.ts'
import {
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  idsOf,
  newSession,
  now,
  times,
} from '../given.ts'
import type { Law } from '../laws.ts'

/** A user with so many sessions, each begun a second after the one before, and each later than an hour ago. */
async function givenSessions(store: Store, count: number) {
  const user = await givenUser(store)
  const sessions = []
  for (let i = 0; i < count; i++) {
    const beganAt = now - HOUR + i * 1_000
    sessions.push(await givenSessionOf(store, user, { beganAt, latestEndsAt: beganAt + 12 * HOUR }))
  }
  return { user, sessions }
}

/** How many sessions a user may have, and which were begun first. */
export const roomLaws: readonly Law[] = [
  {
    says: 'a user has as many live sessions as a login allows, and not one more',
    async check(store, other) {
      const { user, sessions } = await givenSessions(store, 2)
      const others = await givenSessions(store, 3)
      const third = newSession(user, { maxSessions: 3 })
      expect(await other.insertSession(third)).toBe('inserted')
      for (const node of [store, other])
        expect(await node.insertSession(newSession(user, { maxSessions: 3 }))).toBe('too_many')
      expect(await store.insertSession(newSession(user, { maxSessions: 1 }))).toBe('too_many')
      expect(new Set(await idsOf(store, user.uname))).toEqual(
        new Set([...sessions.map(({ id }) => id), third.id]),
      )
      expect(await store.insertSession(newSession(user, { maxSessions: 4 }))).toBe('inserted')
      expect(await store.countSessions(others.user.uname, now)).toBe(3)
    },
  },
  {
    says: 'a login that was refused for want of room begins nothing, takes no id, and can begin later',
    async check(store) {
      const { user, sessions } = await givenSessions(store, 1)
      const refused = newSession(user, { maxSessions: 1 })
      expect(await store.insertSession(refused)).toBe('too_many')
      expect(await store.readSession(refused.id, [], now)).toBeNull()
      expect(await store.insertSession({ ...refused, maxSessions: 2 })).toBe('inserted')
      expect(new Set(await idsOf(store, user.uname))).toEqual(new Set([sessions[0]?.id ?? '', refused.id]))
    },
  },
  {
    says: 'sessions that were ended or ended by themselves take no room, and used ones do',
    async check(store, other) {
      const user = await givenUser(store)
      const ended = await givenSessionOf(store, user)
      const over = await givenSessionOf(store, user, { endsAt: now + 10 })
      const used = await givenSessionOf(store, user, { endsAt: now + 10 })
      await store.touchSessions([{ id: used.id, usedAt: now + 5, endsAt: now + HOUR }], now + 5)
      await givenAttributes(store, used.id, [['a', '1']])
      const login = (beganAt: number) => newSession(user, { beganAt, maxSessions: 2, endsAt: beganAt + HOUR })
      expect(await store.insertSession(login(now + 9))).toBe('too_many')
      await other.endSession(ended.handle, null, 'logout', now)
      expect(await store.insertSession(login(now + 9))).toBe('too_many')
      // The one whose time is over is gone by then.
      expect(await store.insertSession(login(now + 10))).toBe('inserted')
      expect(await store.insertSession(login(now + 11))).toBe('too_many')
      expect(await store.readSession(over.id, [], now + 10)).toBeNull()
      expect(await store.readSession(used.id, ['a'], now + 11)).toMatchObject({ version: 2 })
    },
  },
  {
    says: 'of logins that come at once on two nodes as many begin as may be',
    async check(store, other) {
      const { user } = await givenSessions(store, 2)
      const outcomes = await Promise.all(
        times(24, (i) => (i % 2 === 0 ? store : other).insertSession(newSession(user, { maxSessions: 7 }))),
      )
      expect(outcomes.filter((outcome) => outcome === 'inserted')).toHaveLength(5)
      expect(new Set(outcomes)).toEqual(new Set(['inserted', 'too_many']))
      expect(await store.countSessions(user.uname, now)).toBe(7)
    },
  },
  {
    says: 'the sessions of a user that were begun first are listed first, and only those that are live',
    async check(store) {
      const { user, sessions } = await givenSessions(store, 6)
      await givenSession(store)
      await store.endSession(sessions[1]?.handle ?? '', null, 'revoked', now)
      const [first, , third, fourth, fifth, sixth] = sessions
      await store.touchSessions([{ id: third?.id ?? '', usedAt: now, endsAt: now + 2 * HOUR }], now - HOUR)
      const at = (first?.endsAt ?? 0) - 1
      const idsAt = async (limit: number, when: number) =>
        (await store.earliestSessions(user.uname, limit, when)).map(({ id }) => id)
      const live = [first, third, fourth, fifth, sixth].map((session) => session?.id ?? '')
      expect(await idsAt(10, at)).toEqual(live)
      expect(await idsAt(3, at)).toEqual(live.slice(0, 3))
      // At the end of all but the one that was used.
      for (const limit of [1, 10]) expect(await idsAt(limit, now + HOUR)).toEqual(live.slice(1, 2))
      const listed = (await store.listSessions({ uname: user.uname }, null, 10, at)).items
      expect(await store.earliestSessions(user.uname, 10, at)).toEqual(
        live.map((id) => {
          const session = listed.find((each) => each.id === id)
          if (session === undefined) throw new Error('A live session is not listed.')
          return session
        }),
      )
      expect(await store.earliestSessions('nobody has this name', 10, at)).toEqual([])
    },
  },
]
