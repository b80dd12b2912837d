import { expect } from 'bun:test'
import type { Store } from '../../../src/store/store.ts'
import {
  anyVersion,
  attributesOf,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  idsOf,
  isLive,
  MINUTE,
  newName,
  newSession,
  noKeeper,
  now,
  put,
  roomy,
  times,
} from '../given.ts'
import type { Law } from '../laws.ts'

/** Sweeps until there is nothing left to sweep; how much it was. Fails if that does not come to an end. */
async function sweepAll(store: Store, limit: number): Promise<number> {
  let swept = 0
  for (let step = 0; step < 50; step++) {
    const batch = await store.sweepSessions(now, limit)
    if (batch === 0) return swept
    swept += batch
  }
  throw new Error('Sweeping does not come to an end.')
}

/** Two nodes of a server on one back end, neither of which holds anything that the other lacks. */
export const nodeLaws: readonly Law[] = [
  {
    says: 'two nodes that write different attributes of one session lose nothing',
    async check(store, other) {
      const { id } = await givenSession(store)
      for (const node of [store, other]) expect(await attributesOf(node, id)).toEqual([])
      await givenAttributes(store, id, [['a', '1']])
      await givenAttributes(other, id, [['b', '2']])
      await givenAttributes(store, id, [['a', '3']])
      await givenAttributes(other, id, [['c', '4']])
      const all: [string, string][] = [
        ['a', '3'],
        ['b', '2'],
        ['c', '4'],
      ]
      for (const node of [store, other]) expect(await attributesOf(node, id)).toEqual(all)
      const nodes = times(40, (i) => (i % 2 === 0 ? store : other))
      await Promise.all(nodes.map((node, i) => put(node, id, [[`k${i}`, 'x']])))
      for (const node of [store, other]) expect(await attributesOf(node, id)).toHaveLength(43)
      expect((await other.readSession(id, [], now))?.version).toBe(45)
    },
  },
  {
    says: 'of many writes for one version on two nodes exactly one happens',
    async check(store, other) {
      const { id } = await givenSession(store)
      for (let version = 1; version <= 10; version++) {
        for (const node of [store, other]) {
          expect((await node.readSession(id, 'all', now))?.version).toBe(version)
        }
        const nodes = times(6, (i) => ((i + version) % 2 === 0 ? store : other))
        const outcomes = await Promise.all(
          nodes.map((node, i) => node.putAttributes(id, new Map([['k', `${i}`]]), roomy, { now, version })),
        )
        expect(outcomes.filter((outcome) => outcome !== 'version_differs')).toHaveLength(1)
      }
    },
  },
  {
    says: 'what ends on one node is absent on the other at the very next read',
    async check(store, other) {
      const user = await givenUser(store)
      const sessions = await Promise.all(times(3, () => givenSessionOf(store, user)))
      const [ended, revoked, spared] = sessions
      if (!(ended && revoked && spared)) throw new Error('unreachable')
      for (const { id } of sessions) expect(await isLive(other, id)).toBe(true)
      await store.endSession(ended.handle, null, 'revoked', now)
      expect(await isLive(other, ended.id)).toBe(false)
      expect(await isLive(other, revoked.id)).toBe(true)
      const revocation = { generation: 8, except: spared.handle }
      await store.updateUser(user.uname, {}, revocation, noKeeper)
      expect(await other.readSession(revoked.id, 'all', now)).toBeNull()
      expect(await idsOf(other, user.uname)).toEqual([spared.id])
      await store.deleteUser(user.uname, noKeeper)
      expect(await isLive(other, spared.id)).toBe(false)
    },
  },
  {
    says: 'what ends on one node refuses writes on the other',
    async check(store, other) {
      for (let round = 0; round < 10; round++) {
        const { id, handle, uname } = await givenSession(store)
        await givenAttributes(other, id, [['a', '1']])
        const writing = times(round % 4, (i) => put(other, id, [[`k${i}`, 'x']]))
        expect(await store.endSession(handle, null, 'revoked', now)).toBe(true)
        expect(await put(other, id, [['a', '2']])).toBe('absent')
        expect(await other.removeAttributes(id, 'all', anyVersion)).toBe('absent')
        expect(await other.endSession(handle, null, 'revoked', now)).toBe(false)
        await other.touchSessions([{ id, usedAt: now, endsAt: now + HOUR }], now)
        await Promise.all(writing)
        for (const node of [store, other]) {
          expect(await isLive(node, id, 0)).toBe(false)
          expect(await idsOf(node, uname)).toEqual([])
        }
      }
    },
  },
  {
    says: 'of two nodes that end a session at once exactly one did it',
    async check(store, other) {
      for (let round = 0; round < 5; round++) {
        const { handle, uname, id } = await givenSession(store)
        for (const node of [store, other]) expect(await isLive(node, id)).toBe(true)
        const ends = [store, other, store, other].map((node) =>
          node.endSession(handle, uname, 'revoked', now),
        )
        expect((await Promise.all(ends)).filter((ended) => ended)).toEqual([true])
      }
    },
  },
  {
    says: 'a use that one node writes moves the end on the other',
    async check(store, other) {
      const { id, endsAt } = await givenSession(store)
      expect(await isLive(other, id, endsAt)).toBe(false)
      await store.touchSessions([{ id, usedAt: now + 1, endsAt: endsAt + MINUTE }], now)
      const session = await other.readSession(id, [], endsAt)
      expect([session?.usedAt, session?.endsAt]).toEqual([now + 1, endsAt + MINUTE])
    },
  },
  {
    says: 'a login under way on one node does not slip through a revocation on the other',
    async check(store, other) {
      const known = await givenUser(store)
      expect(await other.readUser(known.uname)).toEqual(known)
      await store.updateUser(known.uname, {}, { generation: 8, except: null }, noKeeper)
      expect(await other.insertSession(newSession(known))).toBe('user_changed')
      for (let round = 0; round < 20; round++) {
        const user = await givenUser(store)
        const logins = times(6, () => newSession(user))
        const begin = (session: (typeof logins)[number]) => other.insertSession(session)
        const [early, late] = [logins.slice(0, round % 6), logins.slice(round % 6)]
        const beginning = early.map(begin)
        const ending =
          round % 2 === 0
            ? store.updateUser(user.uname, {}, { generation: 8, except: null }, noKeeper)
            : store.deleteUser(user.uname, noKeeper)
        const outcomes = Promise.all([...beginning, ...late.map(begin)])
        expect(await ending).toEqual({ ended: (await outcomes).filter((o) => o === 'inserted').length })
        for (const node of [store, other]) {
          for (const { id } of logins) expect(await isLive(node, id)).toBe(false)
          expect(await idsOf(node, user.uname)).toEqual([])
        }
        expect(await begin(newSession(user))).toBe('user_changed')
      }
    },
  },
  {
    says: 'a user whom one node changes or deletes is so on the other at the very next read',
    async check(store, other) {
      const user = await givenUser(store)
      expect(await other.readUser(user.uname)).toEqual(user)
      await store.updateUser(user.uname, { passwordHash: 'new' }, null, noKeeper)
      expect((await other.readUser(user.uname))?.passwordHash).toBe('new')
      expect(await other.insertUser(user)).toBe(false)
      await store.deleteUser(user.uname, noKeeper)
      expect(await other.readUser(user.uname)).toBeNull()
    },
  },
  {
    says: 'of two keepers who go at once on two nodes exactly one does',
    async check(store, other) {
      for (let round = 0; round < 6; round++) {
        const rule = { now, keeper: newName(), generation: null }
        const a = await givenUser(store, { roles: [rule.keeper] })
        const b = await givenUser(other, { roles: [rule.keeper] })
        const outcomes = await Promise.all([
          store.deleteUser(a.uname, rule),
          round % 2 === 0
            ? other.deleteUser(b.uname, rule)
            : other.updateUser(b.uname, { disabled: true }, null, rule),
        ])
        expect(outcomes.filter((outcome) => outcome === 'last')).toHaveLength(1)
      }
    },
  },
  {
    says: 'two nodes that sweep at once delete each thing once, and all of it',
    needs: 'empty',
    async check(store, other) {
      const user = await givenUser(store)
      const live = await givenSessionOf(store, user)
      for (const limit of [3, 100]) {
        const ids: string[] = []
        for (let i = 0; i < 8; i++) {
          const expired = await givenSessionOf(store, user, { endsAt: now })
          const ended = await givenSessionOf(other, user)
          await store.endSession(ended.handle, null, 'revoked', now)
          await other.addToCounter(newName(), 1, MINUTE, now - MINUTE)
          ids.push(expired.id, ended.id)
        }
        const swept = await Promise.all([sweepAll(store, limit), sweepAll(other, limit)])
        expect(swept[0] + swept[1]).toBe(24)
        for (const id of ids) expect(await other.insertSession(newSession(user, { id }))).toBe('inserted')
      }
      expect(await isLive(other, live.id)).toBe(true)
    },
  },
  {
    says: 'two nodes agree on a secret, whoever asks first',
    async check(store, other) {
      const name = newName()
      const answers = await Promise.all([store.readSecret(name, 'one'), other.readSecret(name, 'two')])
      expect(answers[0]).toBe(answers[1])
      expect(await other.readSecret(newName(), 'its own')).toBe('its own')
      expect(await other.readSecret(name, 'three')).toBe(answers[0])
      expect(await store.readSecret(name, 'four')).toBe(answers[0])
    },
  },
  {
    says: 'what two nodes add to a counter adds up',
    async check(store, other) {
      const name = newName()
      const nodes = times(20, (i) => (i % 2 === 0 ? store : other))
      const counts = await Promise.all(
        nodes.map(async (node) => (await node.addToCounter(name, 1, MINUTE, now)).count),
      )
      expect(counts.sort((a, b) => a - b)).toEqual(times(20, (i) => i + 1))
      for (const node of [store, other]) {
        expect(await node.addToCounter(name, 0, MINUTE, now)).toEqual({ count: 20, endsAt: now + MINUTE })
      }
    },
  },
]
