import { expect, test } from 'bun:test'
import { StoreFault } from '../../src/errors.ts'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import type { Store } from '../../src/store/store.ts'
import { describeWithPostgres, type PostgresServer } from '../support/postgres.ts'
import { startProxy } from '../support/proxy.ts'
import { startTicking } from '../support/ticking.ts'
import { untilAnswered } from './answered.ts'
import {
  anyVersion,
  attributesOf,
  givenAttributes,
  givenSession,
  givenUser,
  isLive,
  newName,
  newSession,
  noKeeper,
  now,
  put,
} from './given.ts'

// A server starts, stops and recovers in there.
/** Milliseconds. */
const TIMEOUT = 400
/** What a busy machine may add before somebody is told. */
const SLACK = 600

/** What gives up soon, to be watched giving up; and what does not, for the rest. */
const hasty = { timeout: TIMEOUT, connections: 6, create: true }
const patient = { ...hasty, timeout: 10_000 }

/** A store behind a network that can be broken, and another beside it. */
async function openBehindProxy(server: PostgresServer, reach: typeof hasty) {
  const proxy = startProxy(server.port)
  const url = await server.newDatabase()
  const beside = await openPostgresStore(url, patient)
  const store = await openPostgresStore(url.replace(`:${server.port}/`, `:${proxy.port}/`), reach)
  return {
    proxy,
    store,
    beside,
    async [Symbol.asyncDispose]() {
      proxy.mood = 'reset'
      await Promise.all([store.close(), beside.close()])
      await proxy[Symbol.asyncDispose]()
    },
  }
}

/** The fault that this is rejected with, and after how many milliseconds. Fails if it is not, or not with a fault of the store. */
async function faultOf(asked: Promise<unknown>): Promise<{ code: string; after: number }> {
  using time = startTicking()
  const error = await asked.then(
    (value) => new Error(`It was answered: ${JSON.stringify(value)}`),
    (thrown) => thrown,
  )
  if (!(error instanceof StoreFault)) throw error
  return { code: error.code, after: time.ms }
}

/** One of everything that a store can be asked for. */
function everything(store: Store, id: string): readonly (() => Promise<unknown>)[] {
  const user = { uname: newName(), generation: 1 }
  return [
    () => store.insertSession(newSession(user)),
    () => store.readSession(id, 'all', now),
    () => store.readSession(id, ['a'], now),
    () => put(store, id, [['a', '2']]),
    () => store.removeAttributes(id, 'all', anyVersion),
    () => store.touchSessions([{ id, usedAt: now, endsAt: now + 1 }], now),
    () => store.endSession(id.slice(0, 22), null, 'revoked', now),
    () => store.endSessions(1, now),
    () => store.listSessions({}, null, 1, now),
    () => store.sweepSessions(now, 1),
    () => givenUser(store),
    () => store.readUser(user.uname),
    () => store.listUsers(null, 1),
    () => store.updateUser(user.uname, {}, null, noKeeper),
    () => store.deleteUser(user.uname, noKeeper),
    () => store.readSecret('x', 'y'),
    () => store.addToCounter('x', 1, 1, now),
    () => store.ping(),
  ]
}

describeWithPostgres('a database that is away', {}, (server) => {
  for (const mood of ['silent', 'mute', 'reset'] as const) {
    test(`a network that is ${mood}: everything fails in time, and works again by itself`, async () => {
      await using opened = await openBehindProxy(server, hasty)
      const { proxy, store, beside } = opened
      const { id } = await givenSession(beside)
      await givenAttributes(beside, id, [['a', '1']])
      // So that there are connections to break.
      await Promise.all(Array.from({ length: 6 }, () => untilAnswered(() => store.listUsers(null, 1))))
      await untilAnswered(() => store.ping())
      proxy.mood = mood
      const asked = everything(store, id)
      // A read and a write one after the other, and then all at once: more than there are connections.
      for (const ask of [...asked.slice(2, 4), () => Promise.all(asked.map((each) => each()))]) {
        const { code, after } = await faultOf(ask())
        expect(code).toBe('store_unavailable')
        expect(after).toBeLessThan(TIMEOUT + SLACK)
      }
      for (const { after } of await Promise.all(asked.map((ask) => faultOf(ask()))))
        expect(after).toBeLessThan(TIMEOUT + SLACK)
      proxy.mood = 'well'
      await untilAnswered(() => put(store, id, [['b', '1']]))
      await untilAnswered(() => store.ping())
      // Nothing is left that would make one fail later.
      for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 6 }, () => isLive(store, id)))
    })
  }

  test('a write whose answer does not come fails and is not done a second time', async () => {
    await using opened = await openBehindProxy(server, hasty)
    const { proxy, store, beside } = opened
    const { id } = await givenSession(beside)
    for (const breaks of [false, true]) {
      // So that there is a connection on which the statement is known.
      await untilAnswered(() => put(store, id, [['a', 'before']]))
      const version = Number((await beside.readSession(id, [], now))?.version) + 1
      proxy.mood = 'mute'
      const fault = faultOf(put(store, id, [['a', 'after']]))
      while ((await beside.readSession(id, [], now))?.version !== version);
      // Told by the clock alone, or by a connection that breaks, to a server that is well again.
      if (breaks) proxy.cut()
      else await fault
      proxy.mood = 'well'
      expect((await fault).code).toBe('store_unavailable')
      await untilAnswered(() => store.ping())
      const session = await store.readSession(id, ['a'], now)
      expect([session?.version, session?.attributes.get('a')]).toEqual([version, 'after'])
    }
  })

  test('connections that were cut while they were idle are noticed, and nobody sees a fault', async () => {
    await using opened = await openBehindProxy(server, patient)
    const { proxy, store } = opened
    const { id } = await givenSession(store)
    await Promise.all(Array.from({ length: 10 }, (_, i) => put(store, id, [[`k${i}`, 'x']])))
    for (let round = 0; round < 5; round++) {
      proxy.cut()
      // In the very moment, when this process cannot know of it: a read is asked again. A write would not be.
      expect(await isLive(store, id)).toBe(true)
      await put(store, id, [['round', String(round)]])
    }
    expect(await attributesOf(store, id)).toContainEqual(['round', '4'])
  })

  test('puts that wait for a row that somebody holds fail in time and delay no read', async () => {
    const url = await server.newDatabase()
    const [store, beside] = [await openPostgresStore(url, hasty), await openPostgresStore(url, patient)]
    const { id } = await givenSession(beside)
    await givenAttributes(beside, id, [['a', '1']])
    await untilAnswered(() => store.readSession(id, ['a'], now))
    await using held = await server.hold(url, 'SELECT FROM cloakroom.sessions FOR UPDATE')
    const puts = Array.from({ length: 40 }, (_, i) => faultOf(put(store, id, [['a', `${i}`]])))
    for (let i = 0; i < 20; i++) {
      using time = startTicking()
      expect((await store.readSession(id, ['a'], now))?.attributes.get('a')).toBe('1')
      expect(time.ms).toBeLessThan(SLACK)
    }
    for (const { code, after } of await Promise.all(puts)) {
      expect(code).toBe('store_unavailable')
      expect(after).toBeLessThan(TIMEOUT + SLACK)
    }
    await held.commit()
    expect(await untilAnswered(() => put(store, id, [['a', 'after']]))).toMatchObject({ version: 3 })
    await Promise.all([store.close(), beside.close()])
  })

  test('a disk that is full is said to be full, and is read from', async () => {
    const url = await server.newDatabase()
    const store = await openPostgresStore(url, patient)
    const { id } = await givenSession(store)
    await server.run(
      `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
       CREATE TRIGGER no_room BEFORE INSERT ON cloakroom.attributes EXECUTE FUNCTION no_room()`,
      url,
    )
    expect((await faultOf(put(store, id, [['a', '1']]))).code).toBe('store_full')
    expect(await attributesOf(store, id)).toEqual([])
    expect(await store.ping()).toBeUndefined()
    await server.run(`DROP SCHEMA cloakroom CASCADE`, url)
    expect((await faultOf(store.ping())).code).toBe('store_unavailable')
    await store.close()
  })

  test('a server that is stopped fails everything at once, and works again by itself when it is back', async () => {
    const store = await openPostgresStore(await server.newDatabase(), patient)
    const { id } = await givenSession(store)
    await Promise.all(Array.from({ length: 10 }, (_, i) => put(store, id, [[`k${i}`, 'x']])))
    await server.kill('SIGINT')
    for (const ask of everything(store, id)) {
      const { code, after } = await faultOf(ask())
      expect(code).toBe('store_unavailable')
      expect(after).toBeLessThan(SLACK)
    }
    await server.start()
    expect(await put(store, id, [['back', 'yes']])).toMatchObject({ version: 12 })
    expect(await attributesOf(store, id)).toHaveLength(11)
    await store.close()
  })

  test('a server that crashes under load loses no answered put, does none twice, and each is whole', async () => {
    const store = await openPostgresStore(await server.newDatabase(), patient)
    const { id } = await givenSession(store)
    let [answered, faults] = [0, 0]
    let last = 0
    let isOver = false
    const client = async (name: string) => {
      while (!isOver) {
        const i = String(++last)
        try {
          await put(store, id, [
            [`${name}-a`, i],
            [`${name}-b`, i],
          ])
          answered++
        } catch (error) {
          if (!(error instanceof StoreFault)) throw error
          faults++
          await Bun.sleep(5)
        }
      }
    }
    const clients = ['p', 'q', 'r'].map(client)
    for (let crash = 0; crash < 2; crash++) {
      const before = answered
      while (answered < before + 50) await Bun.sleep(1)
      await server.kill('SIGQUIT')
      await server.start()
    }
    await untilAnswered(() => store.ping())
    isOver = true
    await Promise.all(clients)
    const session = await store.readSession(id, 'all', now)
    const done = Number(session?.version) - 1
    expect(done).toBeGreaterThanOrEqual(answered)
    expect(done).toBeLessThanOrEqual(answered + faults)
    for (const name of ['p', 'q', 'r'])
      expect(session?.attributes.get(`${name}-a`)).toBe(session?.attributes.get(`${name}-b`))
    await store.close()
  })
})
