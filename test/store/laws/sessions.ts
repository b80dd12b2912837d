import { expect } from 'bun:test'
import { handleOf, type LiveSession } from '../../../src/store/store.ts'
import {
  anyVersion,
  attributesOf,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  isLive,
  MINUTE,
  newId,
  newName,
  newSession,
  noKeeper,
  now,
  put,
} from '../given.ts'
import type { Law } from '../laws.ts'

/** The same handle, another id. */
const otherTail = (id: string) => handleOf(id) + 'x'.repeat(id.length - handleOf(id).length)

/** Beginning and reading sessions. */
export const sessionLaws: readonly Law[] = [
  {
    says: 'a store that says it reads at once lets nothing else happen while it reads a session or a user',
    async check(store) {
      const { id, uname } = await givenSession(store)
      await put(
        store,
        id,
        Array.from({ length: 300 }, (_, i) => [`key-${i}`, 'x'] as const),
      )
      const others = { hadTheirTurn: false }
      setImmediate(() => {
        others.hadTheirTurn = true
      })
      for (const each of [id, newId()]) await store.readSession(each, 'all', now)
      await store.findSessions([newId(), id], now)
      await store.readUser(uname)
      if (store.readsAtOnce) expect(others.hadTheirTurn).toBe(false)
    },
  },
  {
    says: 'a new session is as it was given, at version 1, without attributes, last used when it began',
    async check(store) {
      const session = newSession(await givenUser(store), {
        userAgent: 'Zürich/1.0 👩🏽‍💻',
        address: '2001:db8::1',
      })
      expect(await store.insertSession(session)).toBe('inserted')
      const { generation: _, maxSessions: __, ...given } = session
      const stored = { ...given, usedAt: session.beganAt, version: 1 }
      const { address, userAgent, ...live } = stored
      expect(await store.readSession(session.id, 'all', now)).toEqual({ ...live, attributes: new Map() })
      expect((await store.listSessions({ uname: session.uname }, null, 10, now)).items).toEqual([stored])
    },
  },
  {
    says: 'a session can be read up to its last millisecond and is absent from the very millisecond it ends',
    async check(store) {
      const { id, endsAt } = await givenSession(store)
      expect(await isLive(store, id, endsAt - 1)).toBe(true)
      expect(await isLive(store, id, endsAt)).toBe(false)
      expect(await attributesOf(store, id, endsAt)).toBeNull()
      expect(await isLive(store, id, endsAt + 1)).toBe(false)
    },
  },
  {
    says: 'of several ids the live sessions are found, in the order of the ids, as each is when it is read',
    async check(store) {
      const user = await givenUser(store)
      const [a, b] = [await givenSessionOf(store, user), await givenSession(store)]
      const ended = await givenSessionOf(store, user)
      const over = await givenSessionOf(store, user, { endsAt: now + 1 })
      await givenAttributes(store, b.id, [['b', '1']])
      await store.touchSessions([{ id: a.id, usedAt: now + 2, endsAt: now + HOUR }], now)
      await store.endSession(ended.handle, null, 'revoked', now)
      const ids = [over.id, b.id, newId(), otherTail(a.id), 'no id', '', ended.id, a.id]
      const read = await Promise.all([b, a].map(({ id }) => store.readSession(id, [], now + 1)))
      const expected = read.map((session) => {
        const { attributes: _, ...live } = session ?? { attributes: null }
        return live
      })
      expect(expected).toMatchObject([
        { id: b.id, uname: b.uname, version: 2 },
        { id: a.id, uname: a.uname, endsAt: now + HOUR },
      ])
      expect(await store.findSessions(ids, now + 1)).toEqual(expected as LiveSession[])
      expect((await store.findSessions([a.id, over.id, b.id], now)).map(({ id }) => id)).toEqual([
        ...[a.id, over.id, b.id],
      ])
      expect(await store.findSessions([newId(), otherTail(a.id), ended.id], now)).toEqual([])
      expect(await store.findSessions([], now)).toEqual([])
    },
  },
  {
    says: 'a session that nobody began is absent, and stays so after every kind of write',
    async check(store) {
      const id = newId()
      expect(await store.readSession(id, 'all', now)).toBeNull()
      expect(await put(store, id, [['a', '1']])).toBe('absent')
      expect(await store.removeAttributes(id, ['a'], anyVersion)).toBe('absent')
      expect(await store.removeAttributes(id, 'all', anyVersion)).toBe('absent')
      await store.touchSessions([{ id: id, usedAt: now, endsAt: now + MINUTE }], now)
      expect(await store.endSession(handleOf(id), null, 'revoked', now)).toBe(false)
      expect(await store.readSession(id, 'all', now)).toBeNull()
      expect(await store.insertSession(newSession(await givenUser(store), { id }))).toBe('inserted')
    },
  },
  {
    says: 'the handle, which is public, opens no session: the whole id is needed',
    async check(store) {
      const { id, handle } = await givenSession(store)
      await givenAttributes(store, id, [['a', '1']])
      // Read before, since a store may remember by the handle what it has read.
      expect(await attributesOf(store, id)).toEqual([['a', '1']])
      for (const wrong of [handle, otherTail(id), '']) {
        expect(await store.readSession(wrong, 'all', now)).toBeNull()
        expect(await put(store, wrong, [['a', '2']])).toBe('absent')
        expect(await store.removeAttributes(wrong, 'all', anyVersion)).toBe('absent')
      }
      expect(await attributesOf(store, id)).toEqual([['a', '1']])
    },
  },
  {
    says: 'the id of a live session is taken, and the session stays as it was',
    async check(store) {
      const session = await givenSession(store)
      await givenAttributes(store, session.id, [['a', '1']])
      const before = await store.readSession(session.id, 'all', now)
      const again = newSession(await givenUser(store), { id: session.id, address: '198.51.100.7' })
      expect(await store.insertSession(again)).toBe('id_taken')
      expect(await store.readSession(session.id, 'all', now)).toEqual(before)
    },
  },
  {
    says: 'the id of a session whose time has run out is taken',
    async check(store) {
      const user = await givenUser(store)
      const { id, endsAt } = await givenSessionOf(store, user)
      const times = { beganAt: endsAt, endsAt: endsAt + MINUTE, latestEndsAt: endsAt + MINUTE }
      expect(await store.insertSession(newSession(user, { id, ...times }))).toBe('id_taken')
      expect(await isLive(store, id, endsAt)).toBe(false)
    },
  },
  {
    says: 'the id of a session that was ended is taken',
    async check(store) {
      const user = await givenUser(store)
      const { id, handle } = await givenSessionOf(store, user)
      expect(await store.endSession(handle, null, 'revoked', now)).toBe(true)
      expect(await store.insertSession(newSession(user, { id }))).toBe('id_taken')
      expect(await isLive(store, id)).toBe(false)
    },
  },
  {
    says: 'of many logins with one id at once exactly one begins a session',
    async check(store) {
      const user = await givenUser(store)
      const id = newId()
      const addresses = Array.from({ length: 20 }, (_, i) => `192.0.2.${i}`)
      const outcomes = await Promise.all(
        addresses.map((address) => store.insertSession(newSession(user, { id, address }))),
      )
      expect(outcomes.toSorted()).toEqual([...Array(19).fill('id_taken'), 'inserted'])
      const { items } = await store.listSessions({ uname: user.uname }, null, 2, now)
      expect(items.map(({ address }) => address)).toEqual([addresses[outcomes.indexOf('inserted')] ?? ''])
    },
  },
  {
    says: 'nobody who is not a user begins a session',
    async check(store) {
      const session = newSession({ uname: newName(), generation: 7 })
      expect(await store.insertSession(session)).toBe('user_changed')
      expect(await isLive(store, session.id)).toBe(false)
    },
  },
  {
    says: 'a disabled user begins no session, and an enabled one does again',
    async check(store) {
      const user = await givenUser(store, { disabled: true })
      const session = newSession(user)
      expect(await store.insertSession(session)).toBe('user_changed')
      expect(await isLive(store, session.id)).toBe(false)
      expect(await store.updateUser(user.uname, { disabled: false }, null, noKeeper)).toEqual({ ended: 0 })
      expect(await store.insertSession(session)).toBe('inserted')
    },
  },
  {
    says: 'a login of another generation, earlier or later, begins no session',
    async check(store) {
      const user = await givenUser(store, { generation: 7 })
      for (const generation of [6, 8, 0]) {
        const session = newSession(user, { generation })
        expect(await store.insertSession(session)).toBe('user_changed')
        expect(await isLive(store, session.id)).toBe(false)
      }
    },
  },
  {
    says: 'a login that was refused takes no id',
    async check(store) {
      const user = await givenUser(store)
      const session = newSession(user)
      expect(await store.insertSession({ ...session, generation: 6 })).toBe('user_changed')
      expect(await store.insertSession(session)).toBe('inserted')
    },
  },
  {
    says: 'a read gives the named attributes that are there, and no others',
    async check(store) {
      const { id } = await givenSession(store)
      await givenAttributes(store, id, [
        ['a', '1'],
        ['b', '2'],
        ['c', ''],
      ])
      const read = async (keys: readonly string[]) => (await store.readSession(id, keys, now))?.attributes
      expect(await read(['a', 'c'])).toEqual(
        new Map([
          ['a', '1'],
          ['c', ''],
        ]),
      )
      expect(await read(['b', 'nothing', 'b'])).toEqual(new Map([['b', '2']]))
      expect(await read(['nothing'])).toEqual(new Map())
      expect(await read([])).toEqual(new Map())
    },
  },
  {
    says: 'a read of some attributes, of whatever size, does not change what the next read gives',
    async check(store) {
      const { id } = await givenSession(store)
      for (const size of [1, 5_000, 50_000]) {
        const attributes = new Map(['a', 'b', 'c'].map((key) => [key, key.repeat(size)]))
        await givenAttributes(store, id, attributes)
        for (const keys of [['a'], ['b', 'c'], []]) {
          const some = await store.readSession(id, keys, now)
          expect([...(some?.attributes.keys() ?? [])].toSorted()).toEqual(keys)
        }
        expect((await store.readSession(id, 'all', now))?.attributes).toEqual(attributes)
      }
    },
  },
  {
    says: 'what was read stays as it was read',
    async check(store) {
      const { id } = await givenSession(store)
      await givenAttributes(store, id, [['a', '1']])
      const all = await store.readSession(id, 'all', now)
      const named = await store.readSession(id, ['a', 'b'], now)
      await givenAttributes(store, id, [
        ['a', '2'],
        ['b', '3'],
      ])
      expect((await store.readSession(id, ['a'], now))?.attributes.get('a')).toBe('2')
      for (const session of [all, named]) {
        expect(session?.attributes).toEqual(new Map([['a', '1']]))
        expect(session?.version).toBe(2)
      }
    },
  },
]
