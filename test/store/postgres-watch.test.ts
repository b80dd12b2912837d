import { expect, test } from 'bun:test'
import { SQL } from 'bun'
import { StoreFault } from '../../src/errors.ts'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import type { Store } from '../../src/store/store.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { startProxy } from '../support/proxy.ts'
import { until } from '../support/redis.ts'
import { untilAnswered } from './answered.ts'
import { expectMissedInFront } from './cuts.ts'
import { givenAttributes, givenSession, givenSessionOf, givenUser, newId, put } from './given.ts'
import { ended, watch, wrote } from './watched.ts'

// A server starts, stops and recovers in there.
/** Milliseconds; a fifth of what is between two looks whether what is told arrives. */
const TIMEOUT = 1_500

const open = (url: string, timeout = 10_000) =>
  openPostgresStore(url, { timeout, connections: 4, create: true })

type Told = Awaited<ReturnType<typeof watch>>

const untilMissed = ({ changes }: Told) => until(async () => changes.some(({ kind }) => kind === 'missed'))

/** Fails unless the watch tells of a write that is made now, and of nothing else but that something was missed. */
async function expectTelling(told: Told, store: Store, id: string): Promise<void> {
  told.changes.length = 0
  await until(async () => {
    const outcome = await put(store, id, [['later', '1']]).catch((error) => error)
    if (outcome instanceof Error && !(outcome instanceof StoreFault)) throw outcome
    return !(outcome instanceof Error)
  })
  await until(async () => told.changes.some(({ kind }) => kind === 'put'))
  for (const { kind } of told.changes) expect(['put', 'missed']).toContain(kind)
}

async function expectFault(asked: Promise<unknown>): Promise<void> {
  const error = await asked.then(
    () => null,
    (error) => error,
  )
  expect(error).toMatchObject({ name: 'StoreFault', code: 'store_unavailable' })
}

describeWithPostgres('watching in a database', { conf: { fsync: 'off' } }, (server) => {
  const count = async (url: string, what: string) =>
    Number((await server.run(`SELECT count(*) FROM ${what}`, url))[0]?.[0])
  const listeners = (url: string) =>
    count(
      url,
      `pg_stat_activity WHERE datname = '${new URL(url).pathname.slice(1)}' AND query LIKE 'LISTEN%'`,
    )

  test('takes one connection and one mark for a session, whoever watches it, and leaves nothing', async () => {
    const url = await server.newDatabase()
    // The connection that listens is closed some of these times after it was used last.
    const store = await open(url, 3_000)
    const user = await givenUser(store)
    const [a, b] = [await givenSessionOf(store, user), await givenSessionOf(store, user)]
    expect(await listeners(url)).toBe(0)
    const watching = [await watch(store, a.id), await watch(store, a.id), await watch(store, b.id)]
    expect(await listeners(url)).toBe(1)
    expect(await count(url, 'cloakroom.watched')).toBe(2)
    watching[0]?.close()
    watching[2]?.close()
    await until(async () => (await count(url, 'cloakroom.watched')) === 1)
    // The same session, while the last one still lets go.
    watching[1]?.close()
    const again = await watch(store, a.id)
    await givenAttributes(store, a.id, [['a', '1']])
    await again.expectTold([wrote(2, 'a')])
    again.close()
    await until(async () => (await count(url, 'cloakroom.watched')) === 0)
    await until(async () => (await listeners(url)) === 0)
    await until(async () => (await count(url, 'cloakroom.listeners')) === 0)
    const last = await watch(store, b.id)
    await store.close()
    last.close()
    expect(await count(url, 'cloakroom.watched')).toBe(0)
    expect(await count(url, 'cloakroom.listeners')).toBe(0)
    await until(async () => (await listeners(url)) === 0)
    await expectFault(store.watchSession(b.id, () => {}))
  })

  test('notifies nobody of a session that nobody watches', async () => {
    const url = await server.newDatabase()
    const store = await open(url)
    const user = await givenUser(store)
    const [a, b] = [await givenSessionOf(store, user), await givenSessionOf(store, user)]
    const heard: string[] = []
    await using client = new SQL({ url, max: 1 })
    await client.listen('cloakroom', (payload) => heard.push(payload))
    const told = await watch(store, a.id)
    await givenAttributes(store, b.id, [['b', '1']])
    await store.endSession(b.handle, null, 'logout', b.beganAt)
    await givenAttributes(store, a.id, [['a', 'a value']])
    await until(async () => heard.length > 0)
    expect(heard).toEqual([
      `${Buffer.from(a.id, 'base64url').toString('hex')} {"kind" : "put", "keys" : ["a"], "version" : 2}`,
    ])
    told.close()
    await store.close()
  })

  test('begins after the writes that could not know of it yet', async () => {
    const url = await server.newDatabase()
    const store = await open(url)
    const user = await givenUser(store)
    const session = await givenSessionOf(store, user)
    await (await watch(store, newId())).close()
    const id = `'\\x${Buffer.from(session.id, 'base64url').toString('hex')}'`
    await using writing = await server.hold(
      url,
      `SELECT * FROM cloakroom.put_attributes(${id}, ARRAY['a'], ARRAY['1'], 9, 999, ${session.beganAt}, NULL)`,
    )
    const watching = watch(store, session.id)
    expect(await Promise.race([watching, server.waits(url)])).toBe('somebody waits')
    await writing.commit()
    const told = await watching
    expect(await store.readSession(session.id, 'all', session.beganAt)).toMatchObject({ version: 2 })
    await givenAttributes(store, session.id, [['b', '2']])
    await told.expectTold([wrote(3, 'b')])
    told.close()
    await store.close()
  })

  test('says that something was missed when the connection was cut, and tells again', async () => {
    const url = await server.newDatabase()
    const store = await open(url)
    const { id } = await givenSession(store)
    const watching = [await watch(store, id), await watch(store, id)]
    await server.run(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`)
    for (const told of watching) await untilMissed(told)
    for (const told of watching) await expectTelling(told, store, id)
    expect(await listeners(url)).toBe(1)
    await until(async () => (await count(url, 'cloakroom.watched')) === 1)
    for (const told of watching) told.close()
    await store.close()
  })

  test('says so before it tells the first change behind it, whenever the connection is cut', async () => {
    await using proxy = startProxy(server.port)
    const url = await server.newDatabase()
    const beside = await open(url)
    const store = await open(url.replace(`:${server.port}/`, `:${proxy.port}/`))
    await expectMissedInFront({ store, beside, proxy }, 8)
    await Promise.all([store.close(), beside.close()])
  })

  test('says so too when the database has forgotten who watches, or took the node for dead', async () => {
    const url = await server.newDatabase()
    const store = await open(url, TIMEOUT)
    const { id } = await untilAnswered(() => givenSession(store))
    const told = await untilAnswered(() => watch(store, id))
    await server.run('TRUNCATE cloakroom.listeners, cloakroom.watched', url)
    await untilMissed(told)
    await expectTelling(told, store, id)
    told.close()
    await store.close()
  })

  test('says so too when nothing arrives on a connection that is there', async () => {
    const url = await server.newDatabase()
    const store = await open(url, TIMEOUT)
    const { id } = await untilAnswered(() => givenSession(store))
    const told = await untilAnswered(() => watch(store, id))
    const [[pid] = []] = await server.run(
      `SELECT pid FROM pg_stat_activity WHERE datname = '${new URL(url).pathname.slice(1)}' AND query LIKE 'LISTEN%'`,
    )
    process.kill(Number(pid), 'SIGSTOP')
    await untilMissed(told)
    await expectTelling(told, store, id)
    process.kill(Number(pid), 'SIGCONT')
    told.close()
    await store.close()
  })

  test('buries what a node watched that has died', async () => {
    const url = await server.newDatabase()
    const store = await open(url)
    const { id } = await givenSession(store)
    await server.run(
      `INSERT INTO cloakroom.listeners VALUES ('dead', now() - interval '1 second'), ('alive', now() + interval '1 hour');
       INSERT INTO cloakroom.watched VALUES ('\\x01', 'dead'), ('\\x01', 'alive')`,
      url,
    )
    const told = await watch(store, id)
    const nodes = await server.run(`SELECT node FROM cloakroom.watched WHERE id = '\\x01'`, url)
    expect(nodes.map(([node]) => node)).toEqual(['alive'])
    told.close()
    await store.close()
  })

  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    test(`is a fault while the database is away after ${signal}, and goes on by itself`, async () => {
      const url = await server.newDatabase()
      const store = await open(url, TIMEOUT)
      const { id } = await untilAnswered(() => givenSession(store))
      const told = await untilAnswered(() => watch(store, id))
      await server.kill(signal)
      await expectFault(store.watchSession(newId(), () => {}))
      await expectFault(store.watchSession(id, () => {}))
      await server.start()
      await untilMissed(told)
      await expectTelling(told, store, id)
      told.close()
      await store.close()
    })
  }

  test('notices a network that swallows what is told, and goes on when it is well', async () => {
    await using proxy = startProxy(server.port)
    const url = await server.newDatabase()
    const store = await open(url.replace(`:${server.port}/`, `:${proxy.port}/`), TIMEOUT)
    const beside = await open(url)
    const { id } = await untilAnswered(() => givenSession(store))
    const told = await untilAnswered(() => watch(store, id))
    proxy.mood = 'silent'
    await expectFault(store.watchSession(newId(), () => {}))
    await givenAttributes(beside, id, [['a', '1']])
    proxy.cut()
    proxy.mood = 'well'
    await untilMissed(told)
    await expectTelling(told, beside, id)
    told.close()
    await Promise.all([store.close(), beside.close()])
  })

  test('hears of an end from a node of the version before', async () => {
    const url = await server.newDatabase()
    const store = await open(url)
    const { id, beganAt } = await givenSession(store)
    const told = await watch(store, id)
    const bytes = `'\\x${Buffer.from(id, 'base64url').toString('hex')}'`
    await server.run(`SELECT cloakroom.end_session(${bytes}, ${bytes}, NULL, ${beganAt})`, url)
    await told.expectTold([ended('revoked')])
    told.close()
    await store.close()
  })
})
