import { expect, test } from 'bun:test'
import { mkdirSync } from 'node:fs'
import { connect as dial } from 'node:net'
import { join } from 'node:path'
import { StoreFault } from '../../src/errors.ts'
import { ATTRIBUTE, sessionKey, tailOf } from '../../src/store/redis/keys.ts'
import { PUT } from '../../src/store/redis/session-scripts.ts'
import { slotOf } from '../../src/store/redis/slots.ts'
import { handleOf, type Store } from '../../src/store/store.ts'
import { freePort } from '../support/port.ts'
import { describeWithRedis, openRedis, startRedis, until } from '../support/redis.ts'
import { ownerOf, startCluster } from '../support/redis-cluster.ts'
import { startTicking } from '../support/ticking.ts'
import {
  attributesOf,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  isLive,
  newSession,
  noKeeper,
  now,
  put,
} from './given.ts'

/** Milliseconds within which anything has to be answered, be it with a fault. */
const SECOND = 1_000

/** The code of the fault that something ends in, which has to come within a second. */
async function faultOf(asking: Promise<unknown>): Promise<string> {
  using time = startTicking()
  const error = await asking.then(
    () => new Error('It was answered.'),
    (error) => error,
  )
  if (!(error instanceof StoreFault)) throw error
  expect(time.ms).toBeLessThan(SECOND)
  return error.code
}

const comesBack = (store: Store, id: string) =>
  until(() =>
    isLive(store, id).catch((error) => {
      if (error instanceof StoreFault) return false
      throw error
    }),
  )

/** One call of each kind. */
const calls = (store: Store, id: string): Promise<unknown>[] => [
  store.readSession(id, 'all', now),
  put(store, id, [['b', '2']]),
  store.touchSessions([{ id, usedAt: now, endsAt: now }], now),
  store.endSession(handleOf(id), null, 'revoked', now),
  store.listSessions({}, null, 10, now),
  store.sweepSessions(now, 10),
  store.readUser('nobody'),
  store.updateUser('nobody', {}, null, noKeeper),
  store.addToCounter('n', 1, 1, now),
  store.readSecret('s', 'x'),
  store.ping(),
]

describeWithRedis('Redis that is away', () => {
  test('is a fault within a second when it was killed, and works again by itself', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    await givenAttributes(store, id, [['a', '1']])
    await server.kill()
    const faults = await Promise.all(calls(store, id).map(faultOf))
    expect(new Set(faults)).toEqual(new Set(['store_unavailable']))
    await server.restart()
    await comesBack(store, id)
    expect(await attributesOf(store, id)).toEqual([['a', '1']])
    expect(await put(store, id, [['a', '2']])).toMatchObject({ version: 3 })
    await store.close()
  })

  test('is a fault within a second when it stands still, and works again by itself', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    server.pause()
    const faults = await Promise.all(calls(store, id).map(faultOf))
    expect(new Set(faults)).toEqual(new Set(['store_unavailable']))
    expect(await faultOf(store.ping())).toBe('store_unavailable')
    server.resume()
    await until(() =>
      store.ping().then(
        () => true,
        () => false,
      ),
    )
    await store.close()
  })

  test('does no write, when it goes on, that has been answered with a fault meanwhile', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    await givenAttributes(store, id, [['a', '0']])
    server.pause()
    expect(await faultOf(put(store, id, [['b', '1']]))).toBe('store_unavailable')
    // It still lies in the server's socket.
    server.resume()
    await comesBack(store, id)
    await until(async () => String(await server.ask('INFO', 'errorstats')).includes('errorstat_LATE:count=1'))
    expect(await store.readSession(id, 'all', now)).toMatchObject({ version: 2 })
    expect(await attributesOf(store, id)).toEqual([['a', '0']])
    await store.close()
  })

  test('has all of a put or nothing of it when the connection ends in its midst', async () => {
    await using server = await startRedis()
    // The fault of each takes as long.
    const store = await openRedis(server.url, { timeout: 200 })
    const pairs = Array.from({ length: 100 }, (_, i) => [`k${i}`, 'x'.repeat(1_000)] as const)
    let [whole, faults] = [0, 0]
    // Which comes first is chance: on until there was one of each.
    const goesOn = (round: number) => round < 20 || (round < 200 && Math.min(whole, faults) === 0)
    for (let round = 0; goesOn(round); round++) {
      const { id } = await givenSession(store)
      const outcome = put(store, id, pairs).then(
        () => 'stored',
        (error) => error.code,
      )
      for (let turn = 0; turn < round % 7; turn++) await new Promise((resolve) => setImmediate(resolve))
      await server.ask('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
      const said = await outcome
      await comesBack(store, id)
      const count = (await attributesOf(store, id))?.length ?? 0
      expect([0, 100]).toContain(count)
      if (said === 'stored') expect(count).toBe(100)
      else expect(said).toBe('store_unavailable')
      if (count === 100) whole++
      if (said !== 'stored') faults++
    }
    // Rounds that were all alike would show nothing.
    expect([whole > 0, faults > 0]).toEqual([true, true])
    await store.close()
  })

  test('has nothing of a put of which a part was sent', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    const key = sessionKey(handleOf(id))
    const words = [
      'EVAL',
      PUT.text,
      '1',
      key,
      tailOf(id),
      `${now}`,
      '',
      '9',
      '999',
      '999',
      `${ATTRIBUTE}a`,
      '1',
      `${ATTRIBUTE}b`,
      '2',
      'inf',
    ]
    const bytes = `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
    for (const length of [bytes.length - 1, bytes.length - 8, 40, bytes.length]) {
      const closed = Promise.withResolvers<void>()
      const socket = dial(server.port, '127.0.0.1', () => socket.end(bytes.slice(0, length)))
      socket.on('close', () => closed.resolve()).resume()
      await closed.promise
      expect(await attributesOf(store, id)).toHaveLength(length === bytes.length ? 2 : 0)
    }
    await store.close()
  })

  test('that has no memory left refuses writes as full, and goes on reading, recording uses, ending and revoking', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const user = await givenUser(store)
    const [one, two] = [newSession(user), newSession(user)]
    for (const session of [one, two]) await store.insertSession(session)
    await givenAttributes(store, one.id, [['a', '1']])
    await server.ask('CONFIG', 'SET', 'maxmemory', '1')
    expect(await faultOf(put(store, one.id, [['b', '2']]))).toBe('store_full')
    expect(await faultOf(store.insertSession(newSession(user)))).toBe('store_full')
    expect(await faultOf(store.addToCounter('n', 1, 1, now))).toBe('store_full')
    expect(await attributesOf(store, one.id)).toEqual([['a', '1']])
    await store.touchSessions([{ id: one.id, usedAt: now + 1, endsAt: now + HOUR }], now)
    expect(await store.readSession(one.id, [], now)).toMatchObject({ usedAt: now + 1, endsAt: now + HOUR })
    expect(await store.removeAttributes(one.id, ['a'], { now, version: null })).toMatchObject({ version: 3 })
    expect(await store.endSession(handleOf(one.id), null, 'revoked', now)).toBe(true)
    const revocation = { generation: 8, except: null }
    expect(await store.updateUser(user.uname, {}, revocation, noKeeper)).toEqual({ ended: 1 })
    expect(await store.sweepSessions(now, 10)).toBe(2)
    await server.ask('CONFIG', 'SET', 'maxmemory', '0')
    expect(await store.insertSession(newSession({ ...user, generation: 8 }))).toBe('inserted')
    await store.close()
  })

  test('that takes no writes, as its disk fails or it has become a replica, goes on answering reads, and says so', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    await givenAttributes(store, id, [['a', '1']])
    const first = await store.watchSession(id, () => {})

    // A snapshot that fails: there is a folder where it belongs.
    mkdirSync(join(server.folder, 'dump.rdb'))
    await server.ask('CONFIG', 'SET', 'save', '3600 1')
    await server.ask('BGSAVE')
    await until(async () => String(await server.ask('INFO', 'persistence')).includes('bgsave_status:err'))
    expect(await faultOf(put(store, id, [['b', '2']]))).toBe('store_unavailable')
    expect(await store.ping()).toBeUndefined()
    expect(await attributesOf(store, id)).toEqual([['a', '1']])
    const second = await store.watchSession(id, () => {})
    await server.ask('CONFIG', 'SET', 'save', '')
    expect(await put(store, id, [['b', '2']])).toMatchObject({ version: 3 })

    await server.ask('REPLICAOF', '127.0.0.1', String(freePort()))
    expect(await store.ping()).toBeUndefined()
    expect(await faultOf(put(store, id, [['c', '3']]))).toBe('store_unavailable')
    await comesBack(store, id)
    expect(await store.ping()).toBeUndefined()
    for (const watch of [first, second]) watch.close()
    await store.close()
  })

  test('that has forgotten the scripts is told them again', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    await givenAttributes(store, id, [['a', '1']])
    await server.ask('SCRIPT', 'FLUSH')
    await givenAttributes(store, id, [['b', '2']])
    expect(await attributesOf(store, id)).toHaveLength(2)
    await store.close()
  })

  test('in a part of a cluster is a fault for what is there, and for nothing else', async () => {
    await using cluster = await startCluster(['--cluster-require-full-coverage', 'no'])
    const store = await openRedis(cluster.url)
    const user = await givenUser(store)
    const ids: string[] = []
    for (let i = 0; i < 30; i++) ids.push((await givenSessionOf(store, user)).id)
    const lost = new Set(ids.filter((id) => ownerOf(slotOf(sessionKey(handleOf(id)))) === 2))
    const isThere = async (id: string) => {
      using time = startTicking()
      const outcome = await isLive(store, id).catch((error) => error.code)
      expect(time.ms).toBeLessThan(SECOND)
      return outcome
    }
    const expected = (id: string) => (lost.has(id) ? 'store_unavailable' : true)
    expect([lost.size > 0, lost.size < 30]).toEqual([true, true])
    await cluster.nodes[2]?.kill()
    for (let round = 0; round < 3; round++) {
      for (const id of ids) expect(await isThere(id)).toBe(expected(id))
    }
    await cluster.nodes[2]?.restart()
    for (const id of ids) await comesBack(store, id)
    await store.close()

    const waiting = await openRedis(cluster.url, { replicas: 1, replicaTimeout: 50 })
    const error = await put(waiting, ids[0] ?? '', [['a', '1']]).catch((error) => error)
    expect(error.message).toContain('0 of 1 replicas')
    expect((await waiting.readSession(ids[0] ?? '', 'all', now))?.attributes.get('a')).toBe('1')
    await waiting.close()
  })
})
