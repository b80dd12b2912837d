import { expect } from 'bun:test'
import type { Change } from '../../../src/store/store.ts'
import {
  anyVersion,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  newId,
  newSession,
  noKeeper,
  now,
  put,
  roomy,
  times,
} from '../given.ts'
import type { Law } from '../laws.ts'
import { ended, removed, tidy, watch, wrote } from '../watched.ts'

/** What is told of the writes of a session to whoever watches it. */
export const watchLaws: readonly Law[] = [
  {
    says: 'a put is told with its keys and the version after it',
    async check(store) {
      const { id } = await givenSession(store)
      const told = await watch(store, id)
      await givenAttributes(store, id, [['a', '1']])
      await givenAttributes(store, id, [
        ['b', '2'],
        ['c', '3'],
      ])
      await told.expectTold([wrote(2, 'a'), wrote(3, 'b', 'c')])
      told.close()
    },
  },
  {
    says: 'a removal is told with its keys, one of all as such, and one of nothing too',
    async check(store) {
      const { id } = await givenSession(store)
      await givenAttributes(store, id, [
        ['a', '1'],
        ['b', '2'],
      ])
      const told = await watch(store, id)
      await store.removeAttributes(id, ['a'], anyVersion)
      await store.removeAttributes(id, ['was never there'], anyVersion)
      await store.removeAttributes(id, 'all', anyVersion)
      await store.removeAttributes(id, 'unreserved', anyVersion)
      const nothing = removed(4, ['was never there'])
      await told.expectTold([removed(3, ['a']), nothing, removed(5, 'all'), removed(6, 'all')])
      told.close()
    },
  },
  {
    says: 'keys are told as they are',
    async check(store) {
      const { id } = await givenSession(store)
      const told = await watch(store, id)
      const keys = [
        '__proto__',
        'a\nb\r\n\r\nc',
        '"',
        "'",
        '\\',
        'é👩',
        'all',
        ' ',
        'a,b',
        '\u2028',
        '{}',
        '0',
      ]
      for (const key of keys) await givenAttributes(store, id, [[key, 'x']])
      await told.expectTold(keys.map((key, i) => wrote(i + 2, key)))
      told.close()
    },
  },
  {
    says: 'a put of more keys than a message may hold is told, or that something was missed',
    async check(store) {
      const { id } = await givenSession(store)
      const told = await watch(store, id)
      const keys = times(500, (i) => String(i).padStart(250, 'k'))
      await givenAttributes(
        store,
        id,
        keys.map((key) => [key, 'x'] as const),
      )
      await told.expectKnown([wrote(2, ...keys)])
      told.close()
    },
  },
  {
    says: 'writes that come at once are told in the order of their versions',
    async check(store) {
      const { id } = await givenSession(store)
      const told = await watch(store, id)
      const expected = await Promise.all(
        times(30, async (i) => {
          const isPut = i % 3 > 0
          const outcome = await (isPut
            ? put(store, id, [[`k${i}`, 'x']])
            : store.removeAttributes(id, [`k${i}`], anyVersion))
          if (typeof outcome === 'string') throw new Error(outcome)
          return isPut ? wrote(outcome.version, `k${i}`) : removed(outcome.version, [`k${i}`])
        }),
      )
      const versionOf = (change: Change) => ('version' in change ? change.version : 0)
      await told.expectTold(expected.toSorted((a, b) => versionOf(a) - versionOf(b)))
      told.close()
    },
  },
  {
    says: 'two watches of one session are both told, and one of another session is not',
    async check(store) {
      const user = await givenUser(store)
      const [a, b] = [await givenSessionOf(store, user), await givenSessionOf(store, user)]
      const [first, second, another] = [
        await watch(store, a.id),
        await watch(store, a.id),
        await watch(store, b.id),
      ]
      await givenAttributes(store, a.id, [['a', '1']])
      await store.endSession(a.handle, null, 'logout', now)
      for (const told of [first, second]) await told.expectTold([wrote(2, 'a'), ended('logout')])
      await givenAttributes(store, b.id, [['b', '2']])
      await another.expectTold([wrote(2, 'b')])
      expect(tidy(first.changes)).toHaveLength(2)
      for (const told of [first, second, another]) told.close()
    },
  },
  {
    says: 'a watch tells nothing once it is closed, and its closing closes no other',
    async check(store) {
      const { id } = await givenSession(store)
      const [closed, open] = [await watch(store, id), await watch(store, id)]
      await givenAttributes(store, id, [['a', '1']])
      for (const told of [closed, open]) await told.expectTold([wrote(2, 'a')])
      closed.close()
      closed.close()
      await givenAttributes(store, id, [['b', '2']])
      await open.expectTold([wrote(2, 'a'), wrote(3, 'b')])
      open.close()
      const later = await watch(store, id)
      await givenAttributes(store, id, [['c', '3']])
      await later.expectTold([wrote(4, 'c')])
      later.close()
      expect([tidy(closed.changes), tidy(open.changes)].map(({ length }) => length)).toEqual([1, 2])
    },
  },
  {
    says: 'a watch can be closed while it is told',
    async check(store) {
      const { id } = await givenSession(store)
      const changes: Change[] = []
      const closing = await store.watchSession(id, (change) => {
        changes.push(change)
        closing.close()
      })
      const told = await watch(store, id)
      await Promise.all([put(store, id, [['a', '1']]), put(store, id, [['a', '2']])])
      await told.expectTold([wrote(2, 'a'), wrote(3, 'a')])
      expect(changes).toEqual([wrote(2, 'a')])
      told.close()
    },
  },
  {
    says: 'what was done before, what was refused, reads and uses are not told',
    async check(store) {
      const { id, handle, uname } = await givenSession(store)
      await givenAttributes(store, id, [['before', '1']])
      const told = await watch(store, id)
      const late = { now: now + HOUR, version: null }
      const tight = { ...roomy, maxAttributes: 1, maxBytes: 9 }
      const a = new Map([['a', '1']])
      await store.putAttributes(id, a, roomy, { now, version: 9 })
      await store.putAttributes(id, a, tight, anyVersion)
      await store.putAttributes(id, a, roomy, late)
      await store.removeAttributes(id, 'all', { now, version: 9 })
      await store.endSession(handle, `not ${uname}`, 'logout', now)
      await store.readSession(id, 'all', now)
      await store.touchSessions([{ id, usedAt: now + 1, endsAt: now + HOUR }], now)
      await store.updateUser(uname, {}, { generation: 8, except: null }, { ...noKeeper, generation: 99 })
      await givenAttributes(store, id, [['b', '2']])
      await told.expectTold([wrote(3, 'b')])
      told.close()
    },
  },
  {
    says: 'a session can be watched before it begins',
    async check(store) {
      const user = await givenUser(store)
      const ids = [newId(), newId()] as const
      const watching = [await watch(store, ids[0]), await watch(store, ids[1])]
      const session = newSession(user, { id: ids[0] })
      await store.insertSession(session)
      const { generation: _, ...restored } = newSession(user, { id: ids[1] })
      await store.restoreSession({ ...restored, usedAt: now, version: 1 }, new Map())
      for (const [i, told] of watching.entries()) {
        await givenAttributes(store, ids[i] ?? '', [['a', '1']])
        await told.expectTold([wrote(2, 'a')])
        told.close()
      }
    },
  },
]
