import { expect, test } from 'bun:test'
import type { Store } from '../../src/store/store.ts'
import {
  describeWithRedis,
  openRedis,
  type RedisServer,
  startRedis,
  startReplica,
  usual,
} from '../support/redis.ts'
import { sentDuring } from '../support/redis-sent.ts'
import { type Given, givenAttributes, givenSession, now, put, roomy } from './given.ts'

// Servers start in here, on machines that may have much else to do.
const requests: Record<
  string,
  { ask(store: Store, session: Given): Promise<unknown>; sends: readonly string[] }
> = {
  'a read of some attributes': {
    ask: (store, { id }) => store.readSession(id, ['a', 'b'], now),
    sends: ['HMGET'],
  },
  'a read of all attributes': {
    ask: (store, { id }) => store.readSession(id, 'all', now),
    sends: ['HGETALL'],
  },
  'a put': {
    ask: (store, { id }) =>
      put(store, id, [
        ['a', '2'],
        ['c', '3'],
      ]),
    sends: ['EVALSHA'],
  },
  'a put for a version': {
    ask: (store, { id }) => store.putAttributes(id, new Map([['a', '2']]), roomy, { now, version: 2 }),
    sends: ['EVALSHA'],
  },
  'a remove': {
    ask: (store, { id }) => store.removeAttributes(id, ['a'], { now, version: null }),
    sends: ['EVALSHA'],
  },
  'a remove of all': {
    ask: (store, { id }) => store.removeAttributes(id, 'all', { now, version: null }),
    sends: ['EVALSHA'],
  },
  'a use': {
    ask: (store, { id }) => store.touchSessions([{ id, usedAt: now, endsAt: now }], now),
    sends: ['EVALSHA'],
  },
  'a session by its handle': {
    ask: (store, { handle }) => store.listSessions({ handle }, null, 10, now),
    sends: ['HMGET'],
  },
  'some events': {
    ask: (store) => {
      const events = ['a', 'b'].map((kind) => ({ at: now, kind, uname: null, text: '{}' }))
      return store.appendEvents(events, { most: 10, since: 0 })
    },
    sends: ['EVALSHA'],
  },
  'a list of events': { ask: (store) => store.listEvents({ since: 0 }, null, 10), sends: ['EVALSHA'] },
  'a count': { ask: (store) => store.addToCounter('n', 1, 1, now), sends: ['EVALSHA'] },
  'what a node says': {
    ask: (store) => store.noteNode({ name: 'n', text: 't', endsAt: now + 60_000 }, now),
    sends: ['EVALSHA'],
  },
  'what all nodes say': { ask: (store) => store.listNodes(now), sends: ['EVALSHA'] },
  'a read of a user': { ask: (store, { uname }) => store.readUser(uname), sends: ['HGETALL'] },
}

/** Does each once, so that Redis knows the scripts. */
async function given(store: Store): Promise<Given> {
  const known = await givenSession(store)
  for (const { ask } of Object.values(requests)) await ask(store, known)
  const session = await givenSession(store)
  await givenAttributes(store, session.id, [['a', '1']])
  return session
}

describeWithRedis('a round trip to Redis', () => {
  test('is all that it takes for a read, and for a write', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    for (const { ask, sends } of Object.values(requests)) {
      const session = await given(store)
      expect(await sentDuring(server, () => ask(store, session))).toEqual([...sends])
    }
    await store.close()
  })

  test('takes the wait for replicas with it', async () => {
    await using primary = await startRedis()
    await using _ = await startReplica(primary)
    const store = await openRedis(primary.url, { timeout: 5_000, replicas: 1, replicaTimeout: 4_000 })
    const session = await given(store)
    const sent = await sentDuring(primary, () => put(store, session.id, [['a', '2']]))
    expect(sent.filter((command) => command !== 'REPLCONF')).toEqual(['EVALSHA', 'WAIT'])
    expect(await store.readSession(session.id, ['a'], now)).toMatchObject({ version: 3 })
    await store.close()
  })

  test('that too few replicas confirm is a fault, and a read goes on', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    const waiting = await openRedis(server.url, { replicas: 1, replicaTimeout: 50 })
    const error = await put(waiting, id, [['a', '1']]).catch((error) => error)
    expect(error).toMatchObject({ name: 'StoreFault', code: 'store_unavailable' })
    expect(error.message).toContain('0 of 1 replicas')
    expect((await waiting.readSession(id, 'all', now))?.attributes.get('a')).toBe('1')
    await waiting.close()
    await store.close()
  })

  test('is shared by what is asked at once', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await given(store)
    const before = await packetsOf(server)
    await Promise.all(Array.from({ length: 100 }, () => store.readSession(id, ['a'], now)))
    // One to send them, perhaps a few where the socket cuts them, and those of the two questions.
    expect((await packetsOf(server)) - before).toBeLessThan(10)
    expect(usual.timeout).toBeLessThan(1_000)
    await store.close()
  })
})

/** How often the server has read from a socket. */
async function packetsOf({ ask }: RedisServer): Promise<number> {
  return Number(/total_reads_processed:(\d+)/.exec(String(await ask('INFO', 'stats')))?.[1])
}
