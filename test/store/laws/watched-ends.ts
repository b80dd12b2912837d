import { expect } from 'bun:test'
import {
  anyVersion,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  noKeeper,
  now,
  put,
  times,
} from '../given.ts'
import type { Law } from '../laws.ts'
import { ended, removed, tidy, untoldGapsIn, watch, wrote } from '../watched.ts'

/** What is told of the end of a session, and of what another node does, to whoever watches it. */
export const watchedEndLaws: readonly Law[] = [
  {
    says: 'an end is told with its reason',
    async check(store) {
      for (const reason of ['logout', 'revoked'] as const) {
        const { id, handle } = await givenSession(store)
        const told = await watch(store, id)
        await store.endSession(handle, null, reason, now)
        await told.expectTold([ended(reason)])
        told.close()
      }
    },
  },
  {
    says: 'an end is told after the writes before it, and nothing after the end',
    async check(store) {
      for (let round = 0; round < 10; round++) {
        const { id, handle } = await givenSession(store)
        const told = await watch(store, id)
        const early = times(round % 5, (i) => put(store, id, [[`k${i}`, 'x']]))
        const ending = store.endSession(handle, null, 'logout', now)
        const late = times(3, (i) => put(store, id, [[`late${i}`, 'x']]))
        await ending
        const outcomes = await Promise.all([...early, ...late])
        await told.until(() => told.changes.some(({ kind }) => kind === 'end'))
        const versions = outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [] : [outcome.version]))
        expect<unknown>(
          tidy(told.changes).map((change) => ('version' in change ? change.version : change)),
        ).toEqual([...versions.toSorted((a, b) => a - b), ended('logout')])
        told.close()
      }
    },
  },
  {
    says: 'sessions that end with a change of their user are told as revoked, but for the one that stays',
    async check(store) {
      const user = await givenUser(store)
      const [a, b, staying] = await Promise.all(times(3, () => givenSessionOf(store, user)))
      if (!(a && b && staying)) throw new Error('unreachable')
      const watching = [await watch(store, a.id), await watch(store, b.id)]
      const stays = await watch(store, staying.id)
      await store.updateUser(user.uname, { fullname: 'Ada' }, null, noKeeper)
      await givenAttributes(store, a.id, [['a', '1']])
      await store.updateUser(user.uname, {}, { generation: 8, except: staying.handle }, noKeeper)
      await watching[0]?.expectTold([wrote(2, 'a'), ended('revoked')])
      await watching[1]?.expectTold([ended('revoked')])
      await givenAttributes(store, staying.id, [['b', '2']])
      await stays.expectTold([wrote(2, 'b')])
      for (const told of [...watching, stays]) told.close()
    },
  },
  {
    says: 'sessions that end because their user is deleted are told as revoked',
    async check(store) {
      const { id, uname } = await givenSession(store)
      const told = await watch(store, id)
      await store.deleteUser(uname, noKeeper)
      await told.expectTold([ended('revoked')])
      told.close()
    },
  },
  {
    says: 'sessions that end when all do are told as revoked',
    needs: 'empty',
    async check(store) {
      const sessions = [await givenSession(store), await givenSession(store), await givenSession(store)]
      const watching = await Promise.all(sessions.map(({ id }) => watch(store, id)))
      while ((await store.endSessions(2, now)) === 2);
      for (const told of watching) {
        await told.expectTold([ended('revoked')])
        told.close()
      }
    },
  },
  {
    says: 'what one node writes is told on the other, or that something was missed',
    async check(store, other) {
      const { id } = await givenSession(store)
      let version = 1
      for (const [here, there] of [
        [store, other],
        [other, store],
      ] as const) {
        for (let round = 0; round < 3; round++) {
          const told = await watch(here, id)
          await givenAttributes(there, id, [[`k${version}`, '1']])
          await told.expectKnown([wrote(version + 1, `k${version}`)])
          await there.removeAttributes(id, 'all', anyVersion)
          await told.expectKnown([wrote(version + 1, `k${version}`), removed(version + 2, 'all')])
          told.close()
          version += 2
        }
      }
    },
  },
  {
    says: 'what two nodes write at once is told on both in the order of the versions, behind a missed where some are left out',
    async check(store, other) {
      const { id } = await givenSession(store)
      const watching = [await watch(store, id), await watch(other, id)]
      const nodes = times(20, (i) => (i % 2 === 0 ? store : other))
      await Promise.all(nodes.map((node, i) => put(node, id, [[`k${i}`, 'x']])))
      for (const { changes, until, close } of watching) {
        await until(() => {
          const last = changes.at(-1)
          const told = changes.filter(({ kind }) => kind === 'put').length
          const isWhole = told >= 20 || changes.some(({ kind }) => kind === 'missed')
          return isWhole && (last?.kind === 'missed' || (last?.kind === 'put' && last.version === 21))
        })
        const versions = changes.flatMap((change) => ('version' in change ? [change.version] : []))
        expect(versions).toEqual(versions.toSorted((a, b) => a - b))
        expect(untoldGapsIn(changes, 1)).toEqual([])
        close()
      }
    },
  },
  {
    says: 'a session that ends on one node is told on the other, or that something was missed',
    async check(store, other) {
      for (const [here, there] of [
        [store, other],
        [other, store],
      ] as const) {
        const user = await givenUser(store)
        const [a, b, c] = await Promise.all(times(3, () => givenSessionOf(store, user)))
        if (!(a && b && c)) throw new Error('unreachable')
        const [ofA, ofB, ofC] = [await watch(here, a.id), await watch(here, b.id), await watch(here, c.id)]
        await there.endSession(a.handle, null, 'revoked', now)
        await ofA.expectKnown([ended('revoked')])
        await there.updateUser(user.uname, {}, { generation: 8, except: b.handle }, noKeeper)
        await ofC.expectKnown([ended('revoked')])
        await there.deleteUser(user.uname, noKeeper)
        await ofB.expectKnown([ended('revoked')])
        for (const told of [ofA, ofB, ofC]) told.close()
      }
    },
  },
  {
    says: 'that a session ended by itself is not told when it is swept',
    needs: 'empty',
    async check(store) {
      const user = await givenUser(store)
      const over = await givenSessionOf(store, user, { endsAt: now + 1 })
      const live = await givenSessionOf(store, user)
      const [none, told] = [await watch(store, over.id), await watch(store, live.id)]
      expect(await store.sweepSessions(now + 1, 10)).toBe(1)
      await store.endSession(over.handle, null, 'revoked', now)
      await givenAttributes(store, live.id, [['a', '1']])
      await told.expectTold([wrote(2, 'a')])
      expect(none.changes).toEqual([])
      for (const each of [none, told]) each.close()
    },
  },
]
