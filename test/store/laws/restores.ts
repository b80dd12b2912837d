import { expect } from 'bun:test'
import { handleOf, type StoredSession } from '../../../src/store/store.ts'
import {
  attributesOf,
  clocks,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  idsOf,
  isLive,
  MINUTE,
  newId,
  newName,
  newSession,
  noKeeper,
  now,
  roomy,
} from '../given.ts'
import type { Law } from '../laws.ts'

/** A session as another store had it: used since its login, and written to. */
export const elsewhere = (uname: string, fields: Partial<StoredSession> = {}): StoredSession => ({
  id: newId(),
  uname,
  beganAt: now - HOUR,
  usedAt: now - MINUTE,
  endsAt: now + 29 * MINUTE,
  latestEndsAt: now + 11 * HOUR,
  version: 41,
  address: '2001:db8::1',
  userAgent: 'Zürich/1.0 👩🏽‍💻',
  ...fields,
})

const two = new Map([
  ['a', '1'],
  ['é', 'é'],
])

/** Sessions that another store had, added to this one. */
export const restoreLaws: readonly Law[] = [
  {
    says: 'a restored session is in all that is read of it as it was in the other store',
    async check(store) {
      for (const size of [0, 1, 5_000, 60_000]) {
        const { uname } = await givenUser(store, { uname: `${newName()} with blanks` })
        const session = elsewhere(uname)
        const keys = size === 0 ? [] : ['a', '__proto__', 'é👩🏽‍💻', ':']
        const attributes = new Map(keys.map((key) => [key, key + 'x'.repeat(size)]))
        expect(await store.restoreSession(session, attributes)).toBe('restored')
        const { address, userAgent, ...live } = session
        expect(await store.readSession(session.id, 'all', now)).toEqual({ ...live, attributes })
        expect((await store.listSessions({ uname }, null, 10, now)).items).toEqual([session])
      }
    },
  },
  {
    says: 'a restored session keeps thousands of attributes',
    async check(store) {
      const session = elsewhere((await givenUser(store)).uname)
      const attributes = new Map(Array.from({ length: 2_501 }, (_, i) => [`k${i}`, `${i}`]))
      expect(await store.restoreSession(session, attributes)).toBe('restored')
      expect((await store.readSession(session.id, 'all', now))?.attributes).toEqual(attributes)
    },
  },
  {
    says: 'a restored session is written from the version on that it had, and used',
    async check(store) {
      const session = elsewhere((await givenUser(store)).uname)
      await store.restoreSession(session, two)
      const put = (version: number) =>
        store.putAttributes(session.id, new Map([['b', '2']]), roomy, { now, version })
      for (const wrong of [1, 40, 42]) expect(await put(wrong)).toBe('version_differs')
      expect(await put(41)).toMatchObject({ version: 42 })
      expect(await store.removeAttributes(session.id, ['é'], { now, version: 42 })).toMatchObject({
        version: 43,
      })
      expect(await attributesOf(store, session.id)).toEqual([
        ['a', '1'],
        ['b', '2'],
      ])
      const endsAt = session.latestEndsAt + MINUTE
      await store.touchSessions([{ id: session.id, usedAt: now, endsAt }], now)
      expect(await store.readSession(session.id, [], now)).toMatchObject({
        usedAt: now,
        endsAt: session.latestEndsAt,
      })
    },
  },
  {
    says: 'what a restored session has counts against the bounds of a put',
    async check(store) {
      for (const large of ['', 'x'.repeat(6_000)]) {
        const session = elsewhere((await givenUser(store)).uname)
        await store.restoreSession(session, new Map([...two, ['large', large]]))
        const put = (maxAttributes: number, maxBytes: number) =>
          store.putAttributes(
            session.id,
            new Map([['b', '2']]),
            { ...roomy, maxAttributes, maxBytes },
            { now, version: null },
          )
        const bytes = 13 + large.length
        expect(await put(3, bytes)).toBe('too_many')
        expect(await put(4, bytes - 1)).toBe('too_large')
        expect(await put(4, bytes)).toMatchObject({ version: 42 })
      }
    },
  },
  {
    says: 'the id of a session that is or was there is not restored to, and nothing changes',
    async check(store) {
      const user = await givenUser(store)
      const [living, over, ended] = [
        await givenSessionOf(store, user),
        await givenSessionOf(store, user, { endsAt: now }),
        await givenSessionOf(store, user),
      ]
      await givenAttributes(store, living.id, [['mine', 'yes']])
      await store.endSession(ended.handle, null, 'revoked', now)
      const before = await store.readSession(living.id, 'all', now)
      const others = await givenUser(store)
      for (const { id } of [living, over, ended]) {
        expect(await store.restoreSession(elsewhere(others.uname, { id }), two)).toBe('id_taken')
      }
      expect(await store.readSession(living.id, 'all', now)).toEqual(before)
      expect(await idsOf(store, user.uname)).toEqual([living.id])
      expect(await idsOf(store, others.uname)).toEqual([])
      for (const clock of clocks(ended)) expect(await isLive(store, ended.id, clock)).toBe(false)
    },
  },
  {
    says: 'a restored session stays as it is when it is restored again',
    async check(store) {
      const session = elsewhere((await givenUser(store)).uname)
      expect(await store.restoreSession(session, two)).toBe('restored')
      expect(await store.restoreSession({ ...session, version: 42 }, new Map([['c', '3']]))).toBe('id_taken')
      expect(await store.readSession(session.id, 'all', now)).toMatchObject({ version: 41, attributes: two })
    },
  },
  {
    says: 'a restored session keeps its id taken for logins',
    async check(store) {
      const user = await givenUser(store)
      const { id, endsAt } = elsewhere(user.uname)
      await store.restoreSession(elsewhere(user.uname, { id }), two)
      expect(await store.insertSession(newSession(user, { id }))).toBe('id_taken')
      expect(await attributesOf(store, id, endsAt)).toBeNull()
      expect(await store.endSession(handleOf(id), user.uname, 'revoked', now)).toBe(true)
      expect(await store.insertSession(newSession(user, { id }))).toBe('id_taken')
    },
  },
  {
    says: 'of many that restore one session at once exactly one does',
    async check(store, other) {
      const user = await givenUser(store)
      const session = elsewhere(user.uname)
      const restoring = Array.from({ length: 12 }, (_, i) => {
        const attributes = new Map([['by', `${i}`]])
        return (i % 2 === 0 ? store : other).restoreSession(session, attributes)
      })
      const outcomes = await Promise.all(restoring)
      expect(outcomes.toSorted()).toEqual([...Array(11).fill('id_taken'), 'restored'])
      expect(await attributesOf(store, session.id)).toEqual([['by', `${outcomes.indexOf('restored')}`]])
    },
  },
  {
    says: 'a session is restored whatever its user is',
    async check(store) {
      const disabled = await givenUser(store, { disabled: true })
      for (const uname of [disabled.uname, newName()]) {
        const session = elsewhere(uname)
        expect(await store.restoreSession(session, two)).toBe('restored')
        expect(await isLive(store, session.id)).toBe(true)
      }
    },
  },
  {
    says: 'a restored session ends with all others of its user',
    async check(store) {
      const revoked = await givenUser(store)
      const [one, two] = [elsewhere(revoked.uname), elsewhere(revoked.uname)]
      for (const session of [one, two]) await store.restoreSession(session, new Map())
      const revocation = { generation: 8, except: handleOf(two.id) }
      expect(await store.updateUser(revoked.uname, {}, revocation, noKeeper)).toEqual({ ended: 1 })
      expect(await idsOf(store, revoked.uname)).toEqual([two.id])
      expect(await store.deleteUser(revoked.uname, noKeeper)).toEqual({ ended: 1 })
      expect(await isLive(store, two.id)).toBe(false)
    },
  },
  {
    says: 'sessions that are restored latest login first are listed so, behind later logins, page by page',
    needs: 'empty',
    async check(store) {
      const user = await givenUser(store)
      const first = await givenSessionOf(store, user)
      const restored = [1, 2, 3, 4].map((hours) => elsewhere(user.uname, { beganAt: now - hours * HOUR }))
      for (const session of restored.slice(0, 2)) await store.restoreSession(session, two)
      const last = await givenSessionOf(store, user, { beganAt: now + 1 })
      for (const session of restored.slice(2)) await store.restoreSession(session, two)
      const expected = [last.id, first.id, ...restored.map(({ id }) => id)]
      for (const uname of [undefined, user.uname]) {
        const listed: string[] = []
        let after: string | null = null
        for (let page = 0; page < 6; page++) {
          const { items, next } = await store.listSessions({ uname }, after, 1, now)
          listed.push(...items.map(({ id }) => id))
          after = next
        }
        expect(listed).toEqual(expected)
        expect(after).toBeNull()
      }
    },
  },
  {
    says: 'a restored session is absent from the millisecond of its end on, and is swept',
    needs: 'empty',
    async check(store) {
      const session = elsewhere((await givenUser(store)).uname, { endsAt: now + 5 })
      await store.restoreSession(session, two)
      expect(await isLive(store, session.id, now + 4)).toBe(true)
      expect(await isLive(store, session.id, now + 5)).toBe(false)
      expect(await store.sweepSessions(now + 4, 10)).toBe(0)
      expect(await store.sweepSessions(now + 5, 10)).toBe(1)
      expect(await store.restoreSession(session, two)).toBe('restored')
    },
  },
  {
    says: 'what is restored on one node is there on the other',
    async check(store, other) {
      const session = elsewhere((await givenUser(store)).uname)
      for (const node of [store, other]) expect(await isLive(node, session.id)).toBe(false)
      await store.restoreSession(session, two)
      for (const node of [store, other]) {
        expect((await node.readSession(session.id, 'all', now))?.attributes).toEqual(two)
      }
    },
  },
  {
    says: 'secrets are listed by their names, and a look at them makes none',
    needs: 'empty',
    async check(store, other) {
      expect(await store.listSecrets()).toEqual(new Map())
      const secrets = new Map([
        ['__proto__', 'one \u{1f600}'],
        ['b', ''],
      ])
      for (const [name, secret] of secrets) await store.readSecret(name, secret)
      for (const node of [store, other]) expect(await node.listSecrets()).toEqual(secrets)
      expect(await other.readSecret('b', 'later')).toBe('')
      await givenSession(store)
      expect(await store.listSecrets()).toEqual(secrets)
    },
  },
]
