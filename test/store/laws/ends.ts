import { expect } from 'bun:test'
import {
  anyVersion,
  attributesOf,
  clocks,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  idsOf,
  isLive,
  newName,
  newSession,
  now,
  put,
  roomy,
} from '../given.ts'
import type { Law } from '../laws.ts'

/** Ending sessions before their time. */
export const endLaws: readonly Law[] = [
  {
    says: 'a session can be ended once',
    async check(store) {
      const { id, handle } = await givenSession(store)
      expect(await store.endSession(handle, null, 'revoked', now)).toBe(true)
      expect(await isLive(store, id)).toBe(false)
      expect(await store.endSession(handle, null, 'revoked', now)).toBe(false)
    },
  },
  {
    says: 'of many that end a session at once exactly one did it',
    async check(store) {
      const { handle } = await givenSession(store)
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => store.endSession(handle, null, 'revoked', now)),
      )
      expect(outcomes.filter((ended) => ended)).toEqual([true])
    },
  },
  {
    says: 'a session can be ended in its last millisecond, and not when its time has run out',
    async check(store) {
      const user = await givenUser(store)
      const [a, b] = [await givenSessionOf(store, user), await givenSessionOf(store, user)]
      expect(await store.endSession(a.handle, null, 'revoked', a.endsAt)).toBe(false)
      expect(await store.endSession(b.handle, null, 'revoked', b.endsAt - 1)).toBe(true)
    },
  },
  {
    says: 'a session that was ended is absent by every clock',
    async check(store) {
      const session = await givenSession(store)
      await givenAttributes(store, session.id, [['a', '1']])
      await store.endSession(session.handle, null, 'revoked', now)
      for (const clock of clocks(session)) {
        expect(await attributesOf(store, session.id, clock)).toBeNull()
        expect(await store.readSession(session.id, ['a'], clock)).toBeNull()
        expect(await store.endSession(session.handle, null, 'revoked', clock)).toBe(false)
        expect(await idsOf(store, session.uname, clock)).toEqual([])
      }
    },
  },
  {
    says: 'no write revives a session that was ended, by whatever clock',
    async check(store) {
      const session = await givenSession(store)
      await givenAttributes(store, session.id, [['a', '1']])
      await store.endSession(session.handle, null, 'revoked', now)
      for (const clock of clocks(session)) {
        const condition = { now: clock, version: null }
        const attributes = new Map([['b', '2']])
        const bounds = { ...roomy, maxAttributes: 9, maxBytes: 99 }
        expect(await store.putAttributes(session.id, attributes, bounds, condition)).toBe('absent')
        expect(await store.removeAttributes(session.id, 'all', condition)).toBe('absent')
        expect(await store.readSession(session.id, 'all', clock)).toBeNull()
      }
    },
  },
  {
    says: 'attributes can be written up to the last millisecond, and not from the millisecond of the end on',
    async check(store) {
      const { id, endsAt, latestEndsAt } = await givenSession(store)
      const bounds = { ...roomy, maxAttributes: 9, maxBytes: 99 }
      const write = (value: string, at: number) =>
        store.putAttributes(id, new Map([['a', value]]), bounds, { now: at, version: null })
      expect(await write('1', endsAt - 1)).toEqual({ version: 2, endsAt, latestEndsAt })
      expect(await write('2', endsAt)).toBe('absent')
      expect(await write('3', endsAt + 1)).toBe('absent')
      expect(await attributesOf(store, id)).toEqual([['a', '1']])
    },
  },
  {
    says: 'attributes can be removed up to the last millisecond, and not from the millisecond of the end on',
    async check(store) {
      const { id, endsAt, latestEndsAt } = await givenSession(store)
      await givenAttributes(store, id, [
        ['a', '1'],
        ['b', '2'],
      ])
      const late = { now: endsAt, version: null }
      expect(await store.removeAttributes(id, ['a'], { ...late, now: endsAt - 1 })).toEqual({
        version: 3,
        endsAt,
        latestEndsAt,
      })
      expect(await store.removeAttributes(id, ['b'], late)).toBe('absent')
      expect(await store.removeAttributes(id, 'all', late)).toBe('absent')
      expect(await attributesOf(store, id)).toEqual([['b', '2']])
    },
  },
  {
    says: 'a write to a session that is not there is absent before it is anything else',
    async check(store) {
      const { id, handle } = await givenSession(store)
      await store.endSession(handle, null, 'revoked', now)
      const tight = { ...roomy, maxAttributes: 0, maxBytes: 0 }
      const condition = { now, version: 99 }
      expect(await store.putAttributes(id, new Map([['a', '1']]), tight, condition)).toBe('absent')
      expect(await store.removeAttributes(id, ['a'], condition)).toBe('absent')
    },
  },
  {
    says: 'ending a session leaves the others, also those of the same user',
    async check(store) {
      const user = await givenUser(store)
      const [a, b] = [await givenSessionOf(store, user), await givenSessionOf(store, user)]
      const c = await givenSession(store)
      for (const { id } of [a, b, c]) await givenAttributes(store, id, [['a', id]])
      await store.endSession(a.handle, null, 'revoked', now)
      expect(await attributesOf(store, b.id)).toEqual([['a', b.id]])
      expect(await attributesOf(store, c.id)).toEqual([['a', c.id]])
      expect(await idsOf(store, user.uname)).toEqual([b.id])
    },
  },
  {
    says: 'what is not exactly a handle ends no session',
    async check(store) {
      const { id, handle } = await givenSession(store)
      await givenSession(store)
      for (const wrong of ['', handle.slice(0, 1), handle.slice(0, -1), `${handle}~`, id, '%', '*', '_']) {
        expect(await store.endSession(wrong, null, 'revoked', now)).toBe(false)
      }
      expect(await isLive(store, id)).toBe(true)
    },
  },
  {
    says: 'a session can be ended for its own user, and not for another',
    async check(store) {
      const { id, handle, uname } = await givenSession(store)
      const other = await givenUser(store)
      for (const wrong of [other.uname, newName(), '', uname.toUpperCase(), `${uname} `]) {
        expect(await store.endSession(handle, wrong, 'revoked', now)).toBe(false)
      }
      expect(await isLive(store, id)).toBe(true)
      expect(await store.endSession(handle, uname, 'revoked', now)).toBe(true)
      expect(await isLive(store, id)).toBe(false)
    },
  },
  {
    says: 'the sessions of everybody can be ended, for every clock',
    needs: 'empty',
    async check(store) {
      const sessions = [await givenSession(store), await givenSession(store, { beganAt: now - HOUR })]
      for (const { id } of sessions) await givenAttributes(store, id, [['a', '1']])
      expect(await store.endSessions(10, now)).toBe(2)
      for (const session of sessions) {
        for (const clock of clocks(session)) expect(await isLive(store, session.id, clock)).toBe(false)
        const again = newSession(session, { id: session.id })
        expect(await store.insertSession(again)).toBe('id_taken')
      }
      expect(await store.endSessions(10, now)).toBe(0)
    },
  },
  {
    says: 'of the sessions of everybody no more than the limit end in one step',
    needs: 'empty',
    async check(store) {
      const user = await givenUser(store)
      for (let i = 0; i < 5; i++) await givenSessionOf(store, user)
      const step = () => store.endSessions(2, now)
      expect([await step(), (await idsOf(store, user.uname)).length]).toEqual([2, 3])
      expect([await step(), await step(), await step()]).toEqual([2, 1, 0])
      expect(await idsOf(store, user.uname)).toEqual([])
    },
  },
  {
    says: 'sessions that had ended already neither count nor take the place of live ones when all are ended',
    needs: 'empty',
    async check(store) {
      const user = await givenUser(store)
      await givenSessionOf(store, user, { endsAt: now })
      const ended = await givenSessionOf(store, user)
      await store.endSession(ended.handle, null, 'revoked', now)
      const live = await givenSessionOf(store, user, { endsAt: now + 1 })
      expect(await store.endSessions(1, now)).toBe(1)
      expect(await isLive(store, live.id)).toBe(false)
      expect(await store.endSessions(1, now)).toBe(0)
    },
  },
  {
    says: 'logins go on after all sessions were ended',
    needs: 'empty',
    async check(store) {
      const user = await givenUser(store)
      await givenSessionOf(store, user)
      await store.endSessions(10, now)
      const { id } = await givenSessionOf(store, user)
      expect(await isLive(store, id)).toBe(true)
    },
  },
  {
    says: 'a write after the end of its session changes nothing for a session of the same user',
    async check(store) {
      const user = await givenUser(store)
      const [a, b] = [await givenSessionOf(store, user), await givenSessionOf(store, user)]
      await store.endSession(a.handle, null, 'revoked', now)
      expect(await put(store, a.id, [['a', '1']])).toBe('absent')
      expect(await store.removeAttributes(a.id, 'all', anyVersion)).toBe('absent')
      const other = await store.readSession(b.id, 'all', now)
      expect([other?.version, other?.attributes.size]).toEqual([1, 0])
    },
  },
]
