import { describe, expect, test } from 'bun:test'
import { ErrorReply } from 'redis'
import { StoreFault } from '../../src/errors.ts'
import { type Connection, connectionOf, writeInTime } from '../../src/store/redis/clock.ts'
import type { Store } from '../../src/store/store.ts'
import { startProxy } from '../support/proxy.ts'
import { describeWithRedis, openRedis, type RedisServer, startRedis, until } from '../support/redis.ts'
import {
  attributesOf,
  type Given,
  givenAttributes,
  givenSession,
  givenUser,
  isLive,
  newSession,
  noKeeper,
  now,
  put,
} from './given.ts'

// Servers start in here, on machines that may have much else to do.
/** Fails unless it ends in a fault. */
const requireFault = async (asking: Promise<unknown>) =>
  expect(await asking.catch((error) => error)).toBeInstanceOf(StoreFault)

const comesBack = (store: Store, id: string) => until(() => isLive(store, id).catch(() => false))

const open = ({ port }: { readonly port: number }) => openRedis(`redis://127.0.0.1:${port}`)

/** All that is kept, by its key. */
async function keptBy({ ask }: RedisServer): Promise<Record<string, unknown>> {
  const keys = (await ask('KEYS', '*')) as string[]
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await ask('DUMP', key)])))
}

/** Each sort of write. */
const writes: Record<string, (store: Store, session: Given) => Promise<unknown>> = {
  'a login': (store, session) => store.insertSession(newSession(session)),
  'a restoration': (store, { generation: _, ...session }) =>
    store.restoreSession({ ...session, usedAt: now, version: 1 }, new Map()),
  'a put': (store, { id }) => put(store, id, [['a', '1']]),
  'a removal': (store, { id }) => store.removeAttributes(id, ['a'], { now, version: null }),
  'a removal of all': (store, { id }) => store.removeAttributes(id, 'all', { now, version: null }),
  'a use': (store, { id, endsAt }) => store.touchSessions([{ id, usedAt: now + 1, endsAt: endsAt + 1 }], now),
  'a new user': (store) => givenUser(store),
  'a change of a user': (store, { uname }) => store.updateUser(uname, { email: 'new' }, null, noKeeper),
  'a revocation': (store, { uname }) =>
    store.updateUser(uname, {}, { generation: 8, except: null }, noKeeper),
  'a deletion': (store, { uname }) => store.deleteUser(uname, noKeeper),
  'a secret': (store) => store.readSecret('s', 'x'),
  'a count': (store) => store.addToCounter('n', 1, 1, now),
  'an event': (store) =>
    store.appendEvents([{ at: now, kind: 'a', uname: null, text: '' }], { most: 9, since: 0 }),
  'what a node says': (store) => store.noteNode({ name: 'n', text: 't', endsAt: now + 60_000 }, now),
}

describeWithRedis('what reaches Redis after it was answered with a fault', () => {
  test('does nothing, whatever it is', async () => {
    await using server = await startRedis()
    await using proxy = startProxy(server.port)
    const store = await open(proxy)
    const sessions: Given[] = []
    for (const write of Object.values(writes)) {
      const session = await givenSession(store)
      // So that Redis knows the script.
      await write(store, await givenSession(store))
      await givenAttributes(store, session.id, [['a', '0']])
      sessions.push(session)
    }
    const before = await keptBy(server)
    const arrive = proxy.holdBack()
    const asked = Object.values(writes).map((write, i) => write(store, sessions[i] as Given))
    await Promise.all(asked.map(requireFault))
    await store.close()
    await arrive()
    const after = await keptBy(server)
    const keys = new Set([...Object.keys(before), ...Object.keys(after)])
    expect([...keys].filter((key) => before[key] !== after[key])).toEqual([])
    const late = /errorstat_LATE:count=(\d+)/.exec(String(await server.ask('INFO', 'errorstats')))?.[1]
    expect(Number(late)).toBe(asked.length)
  })

  test('does not undo what was answered since', async () => {
    await using server = await startRedis()
    await using proxy = startProxy(server.port)
    const [store, other] = [await open(proxy), await openRedis(server.url)]
    for (const later of [store, other]) {
      const { id, uname } = await givenSession(store)
      await givenAttributes(store, id, [['a', '0']])
      const change = (by: Store, disabled: boolean) => by.updateUser(uname, { disabled }, null, noKeeper)
      await change(store, true)
      const arrive = proxy.holdBack()
      await Promise.all([put(store, id, [['a', '1']]), change(store, false)].map(requireFault))
      await comesBack(later, id)
      await givenAttributes(later, id, [['a', '2']])
      expect(await change(later, true)).toEqual({ ended: 0 })
      await arrive()
      expect(await attributesOf(other, id)).toEqual([['a', '2']])
      expect((await other.readUser(uname))?.disabled).toBe(true)
      await comesBack(store, id)
    }
    await store.close()
    await other.close()
  })

  test('does not either if it was asked long after what made the connection be given up', async () => {
    await using server = await startRedis()
    await using proxy = startProxy(server.port)
    const [store, other] = [await open(proxy), await openRedis(server.url)]
    const { id } = await givenSession(store)
    await givenAttributes(store, id, [['a', '0']])
    const arrive = proxy.holdBack()
    const read = requireFault(isLive(store, id))
    await Bun.sleep(600)
    const written = requireFault(put(store, id, [['a', '1']]))
    await read
    await written
    await givenAttributes(other, id, [['a', '2']])
    await arrive()
    expect(await attributesOf(other, id)).toEqual([['a', '2']])
    await store.close()
    await other.close()
  })
})

/** A server whose clock can be set, and whose answers take their time on both ways. */
function newServer(delay: number) {
  const server = { ahead: 0, done: 0, looked: 0, delay }
  const time = () => performance.now() + server.ahead
  const send = async ([command, deadline]: readonly string[]) => {
    if (server.delay > 0) await Bun.sleep(server.delay)
    try {
      if (command !== 'TIME') {
        if (time() > Number(deadline)) throw new ErrorReply('LATE It came too late.')
        server.done++
        return 'done'
      }
      server.looked++
      const [seconds, rest] = [Math.floor(time() / 1_000), time() % 1_000]
      return [String(seconds), String(Math.floor(rest * 1_000))]
    } finally {
      if (server.delay > 0) await Bun.sleep(server.delay)
    }
  }
  return { server, connection: connectionOf(server, send) }
}

const write = (connection: Connection, patience: number) =>
  writeInTime(connection, { args: ['PUT'], latest: performance.now() + patience }, null)

describe('the clock of a server', () => {
  test('is never taken to be later than it is, nor earlier than by the time of a round trip', async () => {
    const { server, connection } = newServer(20)
    server.ahead = 3_600_000
    const began = performance.now()
    await connection.clock.measure()
    const took = performance.now() - began
    const behind = server.ahead - connection.clock.at(0)
    expect(behind).toBeGreaterThanOrEqual(0)
    expect(behind).toBeLessThan(took)
  })

  test('is looked at again where an answer took long, while nobody waits', async () => {
    const { server, connection } = newServer(100)
    await connection.clock.measure()
    const behind = () => server.ahead - connection.clock.at(0)
    expect(behind()).toBeGreaterThan(90)
    server.delay = 0
    await until(async () => behind() < 50)
    expect(behind()).toBeGreaterThanOrEqual(0)
  })

  test('is measured once for many writes', async () => {
    const { server, connection } = newServer(0)
    await Promise.all([write(connection, 5_000), write(connection, 5_000)])
    await write(connection, 5_000)
    expect(server).toMatchObject({ done: 3, looked: 1 })
  })

  test('is measured again when it was set, and what it made late is done once', async () => {
    const { server, connection } = newServer(0)
    await write(connection, 5_000)
    server.ahead = 3_600_000
    expect(await write(connection, 5_000)).toEqual(['done', 0])
    expect(server).toMatchObject({ done: 2, looked: 2 })
    await write(connection, 5_000)
    expect(server).toMatchObject({ done: 3, looked: 2 })
  })

  test('makes what is late by any of its times a fault', async () => {
    const { server, connection } = newServer(20)
    expect(await write(connection, 10).catch((error) => error.message)).toStartWith('LATE')
    expect(server.done).toBe(0)
  })
})
