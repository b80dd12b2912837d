import { expect, test } from 'bun:test'
import { StoreFault } from '../../src/errors.ts'
import {
  ENDING,
  EVENT_KIND,
  EVENT_NUMBERS,
  EVENT_TEXTS,
  NAMES,
  sessionKey,
  shardOf,
  shardOfName,
  userKey,
} from '../../src/store/redis/keys.ts'
import { slotOf } from '../../src/store/redis/slots.ts'
import { handleOf, type Store, type StoredUser } from '../../src/store/store.ts'
import { describeWithRedis, openRedis, until } from '../support/redis.ts'
import { ownerOf, startCluster } from '../support/redis-cluster.ts'
import {
  anyVersion,
  attributesOf,
  type Given,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  idsOf,
  isLive,
  newSession,
  noKeeper,
  now,
  put,
} from './given.ts'
import { watch, wrote } from './watched.ts'

// Servers start in here, on machines that may have much else to do.
type Identified = Pick<Given, 'id'>

const keyOf = ({ id }: Identified) => sessionKey(handleOf(id))
const slotOfSession = (session: Identified) => slotOf(keyOf(session))

/** A session that is not begun yet, in the slot of another. */
function newBeside(user: StoredUser, other: Identified) {
  for (;;) {
    const session = newSession(user)
    if (slotOfSession(session) === slotOfSession(other)) return session
  }
}

/** The name of a counter in the same slot. */
function nameBeside(other: Given): string {
  for (let i = 0; ; i++) if (shardOfName(String(i)) === shardOf(other.handle)) return String(i)
}

const givenBeside = (store: Store, user: StoredUser, other: Identified) =>
  givenSessionOf(store, user, newBeside(user, other))

/** What was answered, or the code of the fault that it was. */
const outcomeOf = <T>(asked: Promise<T>): Promise<T | string> =>
  asked.catch((error) => {
    if (error instanceof StoreFault) return error.code
    throw error
  })

const AWAY = 'store_unavailable'

describeWithRedis('a slot of a cluster that is on its way', () => {
  test.concurrent('has its sessions, wherever they are: each is read, written and ended, and none is missing', async () => {
    // The node that it goes to has had no slot, so that no client knows of it.
    await using cluster = await startCluster([], 4)
    const store = await openRedis(cluster.url)
    const user = await givenUser(store)
    const gone = await givenSessionOf(store, user)
    const here = await givenBeside(store, user, gone)
    const told = await watch(store, gone.id)
    await givenAttributes(store, gone.id, [['a', '1']])
    const slot = slotOfSession(gone)
    const move = await cluster.move(slot, 3)
    await move.take(keyOf(gone))

    expect(await attributesOf(store, gone.id)).toEqual([['a', '1']])
    expect(await put(store, gone.id, [['b', '2']])).toMatchObject({ version: 3 })
    expect(await put(store, here.id, [['c', '3']])).toMatchObject({ version: 2 })
    expect(await store.removeAttributes(gone.id, ['a'], anyVersion)).toMatchObject({ version: 4 })
    expect(await attributesOf(store, gone.id)).toEqual([['b', '2']])
    expect(await attributesOf(store, here.id)).toEqual([['c', '3']])
    expect(new Set(await idsOf(store, user.uname))).toEqual(new Set([gone.id, here.id]))
    expect(await isLive(store, newBeside(user, gone).id)).toBe(false)
    // It was written where nobody could listen.
    await until(async () => told.changes.at(-1)?.kind === 'missed')

    await move.finish()
    told.changes.length = 0
    expect(await put(store, gone.id, [['d', '4']])).toMatchObject({ version: 5 })
    await until(async () => told.changes.length > 0)
    expect(await put(store, here.id, [['d', '4']])).toMatchObject({ version: 3 })
    await until(async () => (await cluster.nodes[3]?.ask('PUBSUB', 'SHARDCHANNELS'))?.toString() !== '')
    told.changes.length = 0
    expect(await put(store, gone.id, [['e', '5']])).toMatchObject({ version: 6 })
    await until(async () => told.changes.some(({ kind }) => kind === 'put'))
    expect(told.changes.filter(({ kind }) => kind === 'put')).toEqual([wrote(6, 'e')])
    for (const { handle } of [gone, here]) {
      expect(await store.endSession(handle, null, 'revoked', now)).toBe(true)
    }
    expect(await idsOf(store, null)).toEqual([])
    told.close()
    await store.close()
  })

  test.concurrent('is a fault where a step needs keys of both sides, nothing by half, and waited for if it arrives in time', async () => {
    await using cluster = await startCluster()
    const store = await openRedis(cluster.url, { timeout: 1_500 })
    const user = await givenUser(store)
    const gone = await givenSessionOf(store, user)
    const here = await givenBeside(store, user, gone)
    // All indexes of the slot are there.
    const { ends, logins, ended, counters, counterEnds } = shardOf(gone.handle)
    await store.endSession((await givenBeside(store, user, gone)).handle, null, 'revoked', now)
    await store.addToCounter(nameBeside(gone), 1, 1, now)
    const slot = slotOfSession(gone)
    const move = await cluster.move(slot, (ownerOf(slot) + 1) % 3)
    const login = newBeside(user, gone)
    const use = { id: gone.id, usedAt: now, endsAt: now + 1 }
    for (const keys of [[keyOf(gone)], [ends, logins, ended, counters, counterEnds]]) {
      await move.take(...keys)
      expect(await outcomeOf(store.insertSession(login))).toBe(AWAY)
      expect(await outcomeOf(store.sweepSessions(gone.endsAt, 10))).toBe(AWAY)
      expect(await outcomeOf(store.endSessions(100, now))).toBe(AWAY)
      expect(await isLive(store, login.id)).toBe(false)
      expect([await isLive(store, gone.id), await isLive(store, here.id)]).toEqual([true, true])
    }
    expect(await outcomeOf(store.endSession(here.handle, null, 'revoked', now))).toBe(AWAY)
    expect(await isLive(store, here.id)).toBe(true)

    const patient = await openRedis(cluster.url, { timeout: 10_000 })
    const waiting = [
      patient.insertSession(login),
      patient.touchSessions([{ ...use, id: here.id }, use], now),
      patient.endSession(here.handle, null, 'revoked', now),
    ]
    await move.finish()
    expect(await Promise.all(waiting)).toEqual(['inserted', undefined, true])
    expect(new Set(await idsOf(store, user.uname))).toEqual(new Set([gone.id, login.id]))
    // Two sessions, two ids that were taken, and what was counted.
    expect(await store.sweepSessions(gone.latestEndsAt, 10)).toBe(5)
    expect(await idsOf(store, user.uname, 0)).toEqual([])
    await patient.close()
    await store.close()
  })

  test.concurrent('has all its users or is a fault, and counts those with a role as before', async () => {
    await using cluster = await startCluster()
    const store = await openRedis(cluster.url, { timeout: 1_500 })
    const rule = { ...noKeeper, keeper: 'keeper' }
    const keeper = await givenUser(store, { roles: ['keeper'] })
    const { uname, id } = await givenSession(store)
    const slot = slotOf(NAMES)
    // All keys that a change of a user may need are there.
    await cluster.nodes[ownerOf(slot)]?.ask('ZADD', ENDING, String(now), 'nothing nobody')
    await givenSessionOf(store, keeper)
    const move = await cluster.move(slot, (ownerOf(slot) + 1) % 3)
    expect(await store.updateUser(keeper.uname, { email: 'new' }, null, rule)).toEqual({ ended: 0 })
    expect(await store.deleteUser(keeper.uname, rule)).toBe('last')
    for (const key of [userKey(uname), NAMES]) {
      await move.take(key)
      expect(await outcomeOf(store.listUsers(null, 10))).toBe(AWAY)
      expect(await store.readUser(uname)).toMatchObject({ uname })
      expect(await store.readUser(keeper.uname)).toMatchObject({ email: 'new' })
      const revocation = { generation: 8, except: null }
      expect(await outcomeOf(store.updateUser(uname, {}, revocation, rule))).toBe(AWAY)
      expect(await outcomeOf(store.deleteUser(uname, rule))).toBe(AWAY)
    }
    await move.finish()
    expect(await isLive(store, id)).toBe(true)
    expect((await store.listUsers(null, 10)).items).toHaveLength(2)
    expect(await store.deleteUser(keeper.uname, rule)).toBe('last')
    expect(await store.deleteUser(uname, rule)).toEqual({ ended: 1 })
    expect(await isLive(store, id)).toBe(false)
    await store.close()
  })

  test.concurrent('has events as a whole or not at all', async () => {
    await using cluster = await startCluster()
    const store = await openRedis(cluster.url, { timeout: 1_500 })
    const eventOf = (kind: string) => ({ at: now, kind, uname: null, text: `{"is":"${kind}"}` })
    const append = (kind: string) => store.appendEvents([eventOf(kind)], { most: 10, since: 0 })
    await append('known')
    const slot = slotOf(EVENT_NUMBERS)
    const move = await cluster.move(slot, (ownerOf(slot) + 1) % 3)
    await append('known')
    const known = [eventOf('known'), eventOf('known')]
    for (const keys of [[], [`${EVENT_KIND}known`], [EVENT_NUMBERS, EVENT_TEXTS]]) {
      if (keys.length > 0) await move.take(...keys)
      expect(await outcomeOf(append('new'))).toBe(AWAY)
      expect((await store.listEvents({ since: 0 }, null, 10)).items).toEqual(known)
    }
    await move.finish()
    await append('new')
    expect((await store.listEvents({ since: 0 }, null, 10)).items).toEqual([eventOf('new'), ...known])
    await store.close()
  })

  test.concurrent('is confirmed by replicas of the node that has the session, and by no others', async () => {
    await using cluster = await startCluster([], 4)
    const [source, target, , replica] = cluster.nodes
    const store = await openRedis(cluster.url)
    const user = await givenUser(store)
    let gone = await givenSessionOf(store, user)
    while (ownerOf(slotOfSession(gone)) !== 0) gone = await givenSessionOf(store, user)
    const here = await givenBeside(store, user, gone)
    await replica?.ask('CLUSTER', 'REPLICATE', String(await source?.ask('CLUSTER', 'MYID')))
    const waiting = await openRedis(cluster.url, { timeout: 5_000, replicas: 1, replicaTimeout: 100 })
    await until(async () => typeof (await outcomeOf(put(waiting, here.id, [['a', '1']]))) !== 'string')
    const move = await cluster.move(slotOfSession(gone), 1)
    await move.take(keyOf(gone))
    expect(await put(waiting, here.id, [['b', '2']])).toMatchObject({ version: expect.any(Number) })
    const error = await put(waiting, gone.id, [['b', '2']]).catch((error) => error)
    expect(String(error)).toContain('0 of 1 replicas')
    await target?.ask('ASKING')
    expect(await target?.ask('EXISTS', keyOf(gone))).toBe(1)
    await waiting.close()
    await store.close()
  })
})
