import { expect } from 'bun:test'
import type { Store } from '../../../src/store/store.ts'
import {
  type Given,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  idsOf,
  newName,
  now,
  pagesOf,
} from '../given.ts'
import type { Law } from '../laws.ts'

/** Sessions of one new user, the earliest login first. */
async function givenSessions(store: Store, count: number) {
  const { uname, generation } = await givenUser(store)
  const sessions: Given[] = []
  for (let i = 0; i < count; i++) {
    sessions.push(await givenSessionOf(store, { uname, generation }, { beganAt: now + i }))
  }
  return { uname, generation, sessions, latestFirst: sessions.map(({ id }) => id).reverse() }
}

/** Lists of sessions. */
export const listLaws: readonly Law[] = [
  {
    says: 'the list of a user has that user’s sessions, the latest login first',
    async check(store) {
      const a = await givenSessions(store, 3)
      const b = await givenSessions(store, 2)
      expect(await idsOf(store, a.uname)).toEqual(a.latestFirst)
      expect(await idsOf(store, b.uname)).toEqual(b.latestFirst)
    },
  },
  {
    says: 'the list of all has the sessions of every user, the latest login first',
    needs: 'empty',
    async check(store) {
      const a = await givenSession(store)
      const b = await givenSession(store, { beganAt: now + 1 })
      const c = await givenSessionOf(store, a, { beganAt: now + 2 })
      expect(await idsOf(store, null)).toEqual([c.id, b.id, a.id])
    },
  },
  {
    says: 'a list shows every session as it is read, with its last use and version',
    async check(store) {
      const { uname, id, address, userAgent } = await givenSession(store)
      await givenAttributes(store, id, [['a', '1']])
      await store.touchSessions([{ id, usedAt: now + 5, endsAt: now + 3_600_000 }], now)
      const read = await store.readSession(id, [], now)
      if (read === null) throw new Error('the session is gone')
      const { attributes: _, ...session } = read
      const { items } = await store.listSessions({ uname }, null, 10, now)
      expect(items).toEqual([{ ...session, address, userAgent }])
    },
  },
  {
    says: 'nobody’s list is empty and has no next page',
    async check(store) {
      const { uname } = await givenUser(store)
      await givenSession(store)
      for (const nobody of [uname, newName(), '']) {
        expect(await store.listSessions({ uname: nobody }, null, 10, now)).toEqual({ items: [], next: null })
      }
    },
  },
  {
    says: 'a list holds live sessions alone, up to their last millisecond',
    async check(store) {
      const { uname, generation, sessions } = await givenSessions(store, 2)
      const [ended, live] = sessions
      const short = await givenSessionOf(
        store,
        { uname, generation },
        { beganAt: now + 9, endsAt: now + 100 },
      )
      await store.endSession(ended?.handle ?? '', null, 'revoked', now)
      expect(await idsOf(store, uname, now + 99)).toEqual([short.id, live?.id ?? ''])
      expect(await idsOf(store, uname, now + 100)).toEqual([live?.id ?? ''])
    },
  },
  {
    says: 'pages give every session of a user once, in order, and none is larger than its limit',
    async check(store) {
      const { uname, latestFirst } = await givenSessions(store, 7)
      await givenSessions(store, 2)
      const pages = await pagesOf((after) => store.listSessions({ uname }, after, 3, now))
      expect(pages.map((page) => page.length)).toEqual([3, 3, 1])
      expect(pages.flat().map(({ id }) => id)).toEqual(latestFirst)
    },
  },
  {
    says: 'pages give every session of all users once, in order',
    needs: 'empty',
    async check(store) {
      const a = await givenSessions(store, 3)
      const b = await givenSessions(store, 3)
      const pages = await pagesOf((after) => store.listSessions({}, after, 4, now + 3))
      expect(pages.map((page) => page.length)).toEqual([4, 2])
      const found = pages.flat().map(({ id }) => id)
      expect(found.toSorted()).toEqual([...a.latestFirst, ...b.latestFirst].toSorted())
      expect(found.filter((id) => b.latestFirst.includes(id))).toEqual(b.latestFirst)
    },
  },
  {
    says: 'a page that holds the last session says that there is no next one',
    async check(store) {
      const { uname } = await givenSessions(store, 3)
      expect((await store.listSessions({ uname }, null, 3, now)).next).toBeNull()
      expect((await store.listSessions({ uname }, null, 2, now)).next).toBeString()
    },
  },
  {
    says: 'sessions that have ended neither fill a page nor promise a next one',
    async check(store) {
      const { uname, generation, sessions } = await givenSessions(store, 2)
      for (let i = 0; i < 4; i++) await givenSessionOf(store, { uname, generation }, { endsAt: now })
      const page = await store.listSessions({ uname }, null, 2, now)
      expect(page.items.map(({ id }) => id)).toEqual(sessions.map(({ id }) => id).reverse())
      expect(page.next).toBeNull()
    },
  },
  {
    says: 'sessions that began in the same millisecond each have their place in the pages',
    async check(store) {
      const user = await givenUser(store)
      const ids = await Promise.all(
        Array.from({ length: 5 }, async () => (await givenSessionOf(store, user)).id),
      )
      const pages = await pagesOf((after) => store.listSessions({ uname: user.uname }, after, 2, now))
      expect(
        pages
          .flat()
          .map(({ id }) => id)
          .toSorted(),
      ).toEqual(ids.toSorted())
    },
  },
  {
    says: 'the next page goes on where the one before stopped, though its last session has ended',
    async check(store) {
      const { uname, sessions, latestFirst } = await givenSessions(store, 5)
      const first = await store.listSessions({ uname }, null, 2, now)
      await store.endSession(sessions[3]?.handle ?? '', null, 'revoked', now)
      const second = await store.listSessions({ uname }, first.next, 2, now)
      expect(second.items.map(({ id }) => id)).toEqual(latestFirst.slice(2, 4))
    },
  },
  {
    says: 'a login between two pages shifts neither',
    async check(store) {
      const { uname, generation, latestFirst } = await givenSessions(store, 4)
      const first = await store.listSessions({ uname }, null, 2, now)
      await givenSessionOf(store, { uname, generation }, { beganAt: now + 9 })
      const second = await store.listSessions({ uname }, first.next, 2, now)
      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(latestFirst)
    },
  },
]
