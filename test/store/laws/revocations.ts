import { expect } from 'bun:test'
import { handleOf, type Store } from '../../../src/store/store.ts'
import {
  attributesOf,
  clocks,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  idsOf,
  isLive,
  newId,
  newSession,
  noKeeper,
  now,
} from '../given.ts'
import type { Law } from '../laws.ts'

async function givenUserWithSessions(store: Store) {
  const user = await givenUser(store)
  const sessions = [await givenSessionOf(store, user), await givenSessionOf(store, user)] as const
  for (const { id } of sessions) await givenAttributes(store, id, [['a', '1']])
  return { user, sessions }
}

/** Changes of users that end their sessions. */
export const revocationLaws: readonly Law[] = [
  {
    says: 'a revocation ends all sessions of the user by every clock, and changes the user in the same step',
    async check(store) {
      const { user, sessions } = await givenUserWithSessions(store)
      const revocation = { generation: 8, except: null }
      const outcome = await store.updateUser(user.uname, { email: 'new' }, revocation, noKeeper)
      expect(outcome).toEqual({ ended: 2 })
      expect(await store.readUser(user.uname)).toEqual({ ...user, email: 'new', generation: 8 })
      for (const session of sessions) {
        for (const clock of clocks(session)) {
          expect(await attributesOf(store, session.id, clock)).toBeNull()
          expect(await store.endSession(session.handle, null, 'revoked', clock)).toBe(false)
          expect(await idsOf(store, user.uname, clock)).toEqual([])
        }
      }
    },
  },
  {
    says: 'a revocation leaves the sessions of other users',
    async check(store) {
      const { user } = await givenUserWithSessions(store)
      const other = await givenUserWithSessions(store)
      await store.updateUser(user.uname, {}, { generation: 8, except: null }, noKeeper)
      for (const { id } of other.sessions) expect(await attributesOf(store, id)).toEqual([['a', '1']])
    },
  },
  {
    says: 'a revocation spares the one session that it excepts, with its attributes',
    async check(store) {
      const { user, sessions } = await givenUserWithSessions(store)
      const [ended, spared] = sessions
      const before = await store.readSession(spared.id, 'all', now)
      const revocation = { generation: 8, except: spared.handle }
      expect(await store.updateUser(user.uname, {}, revocation, noKeeper)).toEqual({ ended: 1 })
      expect(await isLive(store, ended.id)).toBe(false)
      expect(await store.readSession(spared.id, 'all', now)).toEqual(before)
      expect(await idsOf(store, user.uname)).toEqual([spared.id])
    },
  },
  {
    says: 'a session whose id was refused to a later login of the user is there once, and can be spared',
    async check(store) {
      const { user, sessions } = await givenUserWithSessions(store)
      const [ended, spared] = sessions
      const again = newSession(user, { id: spared.id, beganAt: now + 5 })
      expect(await store.insertSession(again)).toBe('id_taken')
      expect([...(await idsOf(store, user.uname))].sort()).toEqual([ended.id, spared.id].sort())
      expect(await store.countSessions(user.uname, now)).toBe(2)
      const revocation = { generation: 8, except: spared.handle }
      expect(await store.updateUser(user.uname, {}, revocation, noKeeper)).toEqual({ ended: 1 })
      expect(await idsOf(store, user.uname)).toEqual([spared.id])
      expect(await store.endSession(spared.handle, null, 'revoked', now)).toBe(true)
      expect(await idsOf(store, user.uname)).toEqual([])
    },
  },
  {
    says: 'a revocation that excepts what is not a live session of the user changes nothing',
    async check(store) {
      const { user, sessions } = await givenUserWithSessions(store)
      const [ended, live] = sessions
      const expired = await givenSessionOf(store, user, { endsAt: now })
      const other = await givenSession(store)
      await store.endSession(ended.handle, null, 'revoked', now)
      for (const except of [ended.handle, expired.handle, other.handle, handleOf(newId()), '']) {
        const revocation = { generation: 8, except }
        expect(await store.updateUser(user.uname, { email: 'new' }, revocation, noKeeper)).toBe('changed')
      }
      expect(await store.readUser(user.uname)).toEqual(user)
      expect(await attributesOf(store, live.id)).toEqual([['a', '1']])
      expect(await isLive(store, other.id)).toBe(true)
    },
  },
  {
    says: 'a change or deletion of a user of another generation is refused and changes nothing',
    async check(store) {
      const { user, sessions } = await givenUserWithSessions(store)
      const revocation = { generation: 9, except: null }
      for (const generation of [6, 8, 0]) {
        const rule = { ...noKeeper, generation }
        expect(await store.updateUser(user.uname, { email: 'new' }, revocation, rule)).toBe('changed')
        expect(await store.updateUser(user.uname, { email: 'new' }, null, rule)).toBe('changed')
        expect(await store.deleteUser(user.uname, rule)).toBe('changed')
      }
      expect(await store.readUser(user.uname)).toEqual(user)
      for (const { id } of sessions) expect(await attributesOf(store, id)).toEqual([['a', '1']])
      expect(await store.insertSession(newSession(user))).toBe('inserted')
    },
  },
  {
    says: 'a change or deletion of a user of the generation that it names happens',
    async check(store) {
      const user = await givenUser(store)
      const rule = (generation: number) => ({ ...noKeeper, generation })
      const revocation = { generation: 8, except: null }
      expect(await store.updateUser(user.uname, {}, revocation, rule(7))).toEqual({ ended: 0 })
      expect(await store.updateUser(user.uname, { email: 'new' }, null, rule(8))).toEqual({ ended: 0 })
      expect(await store.deleteUser(user.uname, rule(8))).toEqual({ ended: 0 })
    },
  },
  {
    says: 'of many changes for one generation exactly one begins the next',
    async check(store) {
      const user = await givenUser(store)
      const rule = { ...noKeeper, generation: user.generation }
      const generations = Array.from({ length: 10 }, (_, i) => 100 + i)
      const outcomes = await Promise.all(
        generations.map((generation) => store.updateUser(user.uname, {}, { generation, except: null }, rule)),
      )
      expect(outcomes.filter((outcome) => outcome === 'changed')).toHaveLength(9)
      const winner = outcomes.findIndex((outcome) => outcome !== 'changed')
      expect((await store.readUser(user.uname))?.generation).toBe(generations[winner] ?? 0)
    },
  },
  {
    says: 'a revocation does not count sessions that had ended already',
    async check(store) {
      const { user, sessions } = await givenUserWithSessions(store)
      await givenSessionOf(store, user, { endsAt: now })
      await store.endSession(sessions[0].handle, null, 'revoked', now)
      const revocation = { generation: 8, except: null }
      expect(await store.updateUser(user.uname, {}, revocation, noKeeper)).toEqual({ ended: 1 })
      expect(await store.updateUser(user.uname, {}, revocation, noKeeper)).toEqual({ ended: 0 })
    },
  },
  {
    says: 'a login that was under way at a revocation is refused, and a new one is not',
    async check(store) {
      const user = await givenUser(store)
      const login = newSession(user)
      await store.updateUser(user.uname, {}, { generation: 8, except: null }, noKeeper)
      expect(await store.insertSession(login)).toBe('user_changed')
      expect(await isLive(store, login.id)).toBe(false)
      expect(await store.insertSession({ ...login, generation: 8 })).toBe('inserted')
    },
  },
  {
    says: 'the ids of sessions that were revoked stay taken',
    async check(store) {
      const { user, sessions } = await givenUserWithSessions(store)
      await store.updateUser(user.uname, {}, { generation: 8, except: null }, noKeeper)
      for (const { id } of sessions) {
        expect(await store.insertSession(newSession({ ...user, generation: 8 }, { id }))).toBe('id_taken')
      }
    },
  },
  {
    says: 'a change without a revocation leaves sessions and logins under way alone',
    async check(store) {
      const { user, sessions } = await givenUserWithSessions(store)
      const login = newSession(user)
      const change = { fullname: 'New Name', roles: ['x'] }
      expect(await store.updateUser(user.uname, change, null, noKeeper)).toEqual({ ended: 0 })
      for (const { id } of sessions) expect(await attributesOf(store, id)).toEqual([['a', '1']])
      expect(await store.insertSession(login)).toBe('inserted')
    },
  },
  {
    says: 'a change that disables a user can end the sessions in the same step',
    async check(store) {
      const { user, sessions } = await givenUserWithSessions(store)
      const revocation = { generation: 8, except: null }
      expect(await store.updateUser(user.uname, { disabled: true }, revocation, noKeeper)).toEqual({
        ended: 2,
      })
      for (const { id } of sessions) expect(await isLive(store, id)).toBe(false)
      for (const generation of [7, 8]) {
        expect(await store.insertSession(newSession(user, { generation }))).toBe('user_changed')
      }
    },
  },
  {
    says: 'deleting a user ends the user’s sessions by every clock, and no others',
    async check(store) {
      const { user, sessions } = await givenUserWithSessions(store)
      const other = await givenUserWithSessions(store)
      await givenSessionOf(store, user, { endsAt: now })
      expect(await store.deleteUser(user.uname, noKeeper)).toEqual({ ended: 2 })
      for (const session of sessions) {
        for (const clock of clocks(session)) expect(await attributesOf(store, session.id, clock)).toBeNull()
      }
      for (const { id } of other.sessions) expect(await attributesOf(store, id)).toEqual([['a', '1']])
    },
  },
  {
    says: 'a login that was under way when its user was deleted is refused',
    async check(store) {
      const user = await givenUser(store)
      const login = newSession(user)
      await store.deleteUser(user.uname, noKeeper)
      expect(await store.insertSession(login)).toBe('user_changed')
      expect(await isLive(store, login.id)).toBe(false)
    },
  },
  {
    says: 'a user who gets the name of a deleted one gets none of the sessions or their ids',
    async check(store) {
      const { user, sessions } = await givenUserWithSessions(store)
      await store.deleteUser(user.uname, noKeeper)
      await givenUser(store, { uname: user.uname, generation: 8 })
      expect(await idsOf(store, user.uname)).toEqual([])
      expect(await store.insertSession(newSession(user))).toBe('user_changed')
      for (const { id } of sessions) {
        expect(await isLive(store, id)).toBe(false)
        expect(await store.insertSession(newSession({ ...user, generation: 8 }, { id }))).toBe('id_taken')
      }
    },
  },
]
