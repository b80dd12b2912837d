import { expect, test } from 'bun:test'
import { StoreFault } from '../../src/errors.ts'
import { channelOf, sessionKey } from '../../src/store/redis/keys.ts'
import { slotOf } from '../../src/store/redis/slots.ts'
import { handleOf, type Store } from '../../src/store/store.ts'
import { startProxy } from '../support/proxy.ts'
import { describeWithRedis, openRedis, type RedisServer, startRedis, until } from '../support/redis.ts'
import { ownerOf, startCluster } from '../support/redis-cluster.ts'
import { startWatched } from '../support/redis-sentinel.ts'
import { startTicking } from '../support/ticking.ts'
import { expectMissedInFront } from './cuts.ts'
import {
  anyVersion,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  newId,
  newSession,
  put,
  times,
} from './given.ts'
import { removed, watch, wrote } from './watched.ts'

// Servers start in here, on machines that may have much else to do.
type Told = Awaited<ReturnType<typeof watch>>

const untilMissed = ({ changes }: Told) => until(async () => changes.some(({ kind }) => kind === 'missed'))

/** Writes until it is answered: Redis may be on its way back. */
const writes = (store: Store, id: string) =>
  until(async () => {
    const outcome = await put(store, id, [['later', '1']]).catch((error) => error)
    if (outcome instanceof Error && !(outcome instanceof StoreFault)) throw outcome
    return !(outcome instanceof Error)
  })

/** Fails unless the watch tells of a write that is made now, and of nothing else but that something was missed. */
async function expectTelling(told: Told, store: Store, id: string): Promise<void> {
  told.changes.length = 0
  await writes(store, id)
  await until(async () => told.changes.some(({ kind }) => kind === 'put'))
  expect(new Set(told.changes.map(({ kind }) => kind)).size).toBe(1)
}

async function expectFault(asked: Promise<unknown>): Promise<void> {
  using time = startTicking()
  const error = await asked.then(
    () => null,
    (error) => error,
  )
  expect(error).toMatchObject({ name: 'StoreFault', code: 'store_unavailable' })
  expect(time.ms).toBeLessThan(1_000)
}

const subscriptions = async ({ ask }: RedisServer) => (await ask('PUBSUB', 'SHARDCHANNELS')) as string[]
const listening = async ({ ask }: RedisServer) => String(await ask('CLIENT', 'LIST', 'TYPE', 'pubsub'))

describeWithRedis('watching in Redis', () => {
  test('takes one subscription for a session, whoever watches it, and none when it is over', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const user = await givenUser(store)
    const [a, b] = [await givenSessionOf(store, user), await givenSessionOf(store, user)]
    expect(await listening(server)).toBe('')
    const watching = [await watch(store, a.id), await watch(store, a.id), await watch(store, b.id)]
    expect((await subscriptions(server)).toSorted()).toEqual([channelOf(a.id), channelOf(b.id)].toSorted())
    expect(await server.ask('PUBSUB', 'SHARDNUMSUB', channelOf(a.id))).toEqual([channelOf(a.id), 1])
    watching[0]?.close()
    watching[2]?.close()
    await until(async () => (await subscriptions(server)).length === 1)
    // The same session, while the last one still lets go.
    watching[1]?.close()
    const again = await watch(store, a.id)
    await givenAttributes(store, a.id, [['a', '1']])
    await again.expectTold([wrote(2, 'a')])
    again.close()
    await until(async () => (await subscriptions(server)).length === 0)
    await until(async () => (await listening(server)) === '')
    const last = await watch(store, b.id)
    await store.close()
    last.close()
    await until(async () => (await listening(server)) === '')
    await expectFault(store.watchSession(b.id, () => {}))
  })

  test('publishes nothing of a session that nobody watches', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const user = await givenUser(store)
    const [a, b] = [await givenSessionOf(store, user), await givenSessionOf(store, user)]
    const told = await watch(store, a.id)
    const published = async () =>
      Number(/cmdstat_spublish:calls=(\d+)/.exec(String(await server.ask('INFO', 'commandstats')))?.[1] ?? 0)
    await givenAttributes(store, b.id, [['b', '1']])
    expect(await published()).toBe(0)
    await givenAttributes(store, a.id, [['a', '1']])
    await told.expectTold([wrote(2, 'a')])
    expect(await published()).toBe(1)
    told.close()
    await store.close()
  })

  test('tells the keys up to 4 KiB of them, and from there on that something was missed', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    const told = await watch(store, id)
    const keysOf = (count: number, length: number) => times(count, (i) => String(i).padStart(length, 'k'))
    const few = keysOf(16, 250)
    const putAll = async (keys: readonly string[]) =>
      givenAttributes(
        store,
        id,
        keys.map((key) => [key, 'x'] as const),
      )
    // Large ones, and many small ones.
    for (const keys of [few, keysOf(17, 250), keysOf(500, 10)]) {
      await putAll(keys)
      await store.removeAttributes(id, keys, anyVersion)
    }
    await until(async () => told.changes.length === 6)
    const missed = { kind: 'missed' } as const
    expect(told.changes.slice(0, 2)).toEqual([wrote(2, ...few), removed(3, few)])
    expect(told.changes.slice(2)).toEqual([missed, missed, missed, missed])
    told.close()
    await store.close()
  })

  test('says that something was missed when the connection was cut, and tells again', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    const watching = [await watch(store, id), await watch(store, id)]
    await server.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
    for (const told of watching) await untilMissed(told)
    for (const told of watching) await expectTelling(told, store, id)
    for (const told of watching) told.close()
    await until(async () => (await subscriptions(server)).length === 0)
    await store.close()
  })

  test('says that something was missed before it tells the first change behind it, whenever the connection is cut', async () => {
    await using server = await startRedis(['--appendfsync', 'no'])
    await using proxy = startProxy(server.port)
    const store = await openRedis(`redis://127.0.0.1:${proxy.port}`)
    const beside = await openRedis(server.url)
    await expectMissedInFront({ store, beside, proxy }, 25)
    await Promise.all([store.close(), beside.close()])
  })

  test('is a fault at once while Redis is away, and goes on by itself', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    const told = await watch(store, id)
    await server.kill()
    await expectFault(store.watchSession(id, () => {}))
    await expectFault(store.watchSession(newId(), () => {}))
    await server.restart()
    await untilMissed(told)
    await expectTelling(told, store, id)
    expect(await subscriptions(server)).toEqual([channelOf(id)])
    told.close()
    await store.close()
  })

  test('is a fault within a second while Redis stands still, and goes on by itself', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    const told = await watch(store, id)
    server.pause()
    await expectFault(store.watchSession(newId(), () => {}))
    // The connection is given up while the server still stands, since nobody knows whether it will ever say anything again.
    await until(async () => (await store.watchSession(id, () => {}).catch(() => null)) === null)
    server.resume()
    await untilMissed(told)
    await expectTelling(told, store, id)
    told.close()
    await store.close()
  })

  test('follows the primary that sentinels name', async () => {
    await using watched = await startWatched()
    const store = await openRedis(watched.url)
    const { id } = await givenSession(store)
    const told = await watch(store, id)
    await watched.primary.ask('WAIT', '1', '5000')
    // It stands still, so that no connection is cut.
    watched.primary.pause()
    await untilMissed(told)
    await expectTelling(told, store, id)
    expect(await subscriptions(watched.replica)).toEqual([channelOf(id)])
    told.close()
    await store.close()
  })

  test('misses in a cluster what was on the node that was away, and nothing else', async () => {
    await using cluster = await startCluster(['--cluster-require-full-coverage', 'no'])
    const store = await openRedis(cluster.url)
    const user = await givenUser(store)
    const ids: string[] = []
    for (let i = 0; i < 20; i++) ids.push((await givenSessionOf(store, user)).id)
    const isLost = (id: string) => ownerOf(slotOf(sessionKey(handleOf(id)))) === 2
    const [lost, others] = [ids.filter(isLost), ids.filter((id) => !isLost(id))]
    expect([lost.length > 0, others.length > 0]).toEqual([true, true])
    const watching = new Map<string, Told>()
    for (const id of ids) watching.set(id, await watch(store, id))
    await cluster.nodes[2]?.kill()
    for (const id of lost) await expectFault(store.watchSession(id, () => {}))
    for (const id of others) {
      await writes(store, id)
      await watching.get(id)?.expectTold([wrote(2, 'later')])
    }
    await cluster.nodes[2]?.restart()
    for (const id of lost) {
      const told = watching.get(id) as Told
      await untilMissed(told)
      await expectTelling(told, store, id)
    }
    for (const id of others) expect(watching.get(id)?.changes).toEqual([wrote(2, 'later')])
    for (const told of watching.values()) told.close()
    await until(async () => (await Promise.all(cluster.nodes.map(subscriptions))).flat().length === 0)
    await store.close()
  })

  test('follows a slot of a cluster to another node', async () => {
    await using cluster = await startCluster()
    const store = await openRedis(cluster.url)
    const user = await givenUser(store)
    // Of the first node, whose slots go to the second: a slot without keys moves by a word.
    let session = newSession(user)
    while (ownerOf(slotOf(sessionKey(handleOf(session.id)))) > 0) session = newSession(user)
    const told = await watch(store, session.id)
    const slot = String(slotOf(sessionKey(handleOf(session.id))))
    const next = String(await cluster.nodes[1]?.ask('CLUSTER', 'MYID'))
    for (const each of [1, 0, 2]) await cluster.nodes[each]?.ask('CLUSTER', 'SETSLOT', slot, 'NODE', next)
    await untilMissed(told)
    await store.insertSession(session)
    await expectTelling(told, store, session.id)
    told.close()
    await store.close()
  })
})
