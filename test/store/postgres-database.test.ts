import { expect, test } from 'bun:test'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { Pool } from '../../src/store/postgres/pool.ts'
import { LATEST } from '../../src/store/postgres/schema.ts'
import { placeOf } from '../../src/store/postgres/url.ts'
import type { Store } from '../../src/store/store.ts'
import { describeWithPostgres, type PostgresServer } from '../support/postgres.ts'
import {
  anyVersion,
  attributesOf,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  isLive,
  MINUTE,
  newSession,
  noKeeper,
  now,
  put,
} from './given.ts'

// A server starts, stops and recovers in there.
const reach = { timeout: 20_000, connections: 4 }
const open = (url: string) => openPostgresStore(url, { ...reach, create: true })

/** The statements that clients sent to a database, and how often. Those inside functions do not count: nobody waited for them. */
async function sent(server: PostgresServer, url: string, ask: () => Promise<unknown>) {
  await server.run('SELECT pg_stat_statements_reset()')
  await ask()
  const rows = await server.run(
    `SELECT query, calls::integer FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
       WHERE d.datname = '${placeOf(url).database}' AND toplevel`,
  )
  return rows as readonly (readonly [query: string, calls: number])[]
}

const columnsOf = (rows: readonly (readonly unknown[])[]) => rows.map(([column]) => column)

/** Sessions of one user, used once since they began, so that they end an hour from now. */
async function givenUsed(store: Store, count: number): Promise<readonly string[]> {
  const user = await givenUser(store)
  const ids: string[] = []
  for (let i = 0; i < count; i++) ids.push((await givenSessionOf(store, user, { endsAt: now + MINUTE })).id)
  await store.touchSessions(
    ids.map((id) => ({ id, usedAt: now + 1, endsAt: now + HOUR })),
    now,
  )
  return ids
}

describeWithPostgres('a database', { conf: { fsync: 'off' } }, (server) => {
  test('everything that a store is asked for is one statement', async () => {
    await server.run('CREATE EXTENSION IF NOT EXISTS pg_stat_statements')
    const url = await server.newDatabase()
    const store = await open(url)
    const user = await givenUser(store)
    const { id } = await givenSessionOf(store, user)
    const { handle } = await givenSessionOf(store, user)
    const { generation: _, ...login } = newSession(user)
    const restored = { ...login, usedAt: now, version: 9 }
    // One that listens already.
    await store.watchSession(newSession(user).id, () => {})
    const asked: Record<string, () => Promise<unknown>> = {
      'a read of all': () => store.readSession(id, 'all', now),
      'a read of some': () => store.readSession(id, ['a', 'b'], now),
      'a read of none': () => store.readSession(id, [], now),
      'a put': () => put(store, id, new Map(Array.from({ length: 50 }, (_, i) => [`k${i}`, 'x']))),
      'a remove': () => store.removeAttributes(id, ['k1', 'k2'], anyVersion),
      'a remove of all': () => store.removeAttributes(id, 'all', anyVersion),
      'a login': () => store.insertSession(newSession(user)),
      'a restoration': () => store.restoreSession(restored, new Map([['a', '1']])),
      'many uses': () =>
        store.touchSessions(
          [id, newSession(user).id].map((each) => ({ id: each, usedAt: now, endsAt: now + HOUR })),
          now,
        ),
      'a watch': () => store.watchSession(id, () => {}),
      'an end': () => store.endSession(handle, null, 'revoked', now),
      'a list': () => store.listSessions({ uname: user.uname }, null, 2, now),
      'a search': () => store.listSessions({ address: 'nowhere' }, null, 2, now),
      'a look for a handle': () => store.listSessions({ handle }, null, 2, now),
      'how many of a user': () => store.countSessions(user.uname, now),
      'how many of all': () => store.countSessions(null, now),
      'some events': () =>
        store.appendEvents(
          ['a', 'b'].map((kind) => ({ at: now, kind, uname: null, text: '{}' })),
          { most: 10, since: 0 },
        ),
      'a list of events': () => store.listEvents({ since: 0 }, null, 10),
      'a sweep': () => store.sweepSessions(now, 10),
      'a user': () => store.readUser(user.uname),
      'a revocation': () =>
        store.updateUser(user.uname, { email: 'new' }, { generation: 8, except: null }, noKeeper),
      'the end of all': () => store.endSessions(10, now),
      'a deletion': () => store.deleteUser(user.uname, noKeeper),
      'a secret': () => store.readSecret('name', 'value'),
      'all secrets': () => store.listSecrets(),
      'a count': () => store.addToCounter('name', 1, MINUTE, now),
      'what a node says': () => store.noteNode({ name: 'a', text: 'b', endsAt: now + MINUTE }, now),
      'what all nodes say': () => store.listNodes(now),
      'the size': () => store.measureBytes(),
      'a look at a count': () => store.addToCounter('name', 0, MINUTE, now),
    }
    for (const [what, ask] of Object.entries(asked)) {
      const statements = await sent(server, url, ask)
      expect({ what, calls: statements.map(([, calls]) => calls) }).toEqual({ what, calls: [1] })
    }
    await store.close()
  })

  test('ten nodes can start at once on an empty database, and agree', async () => {
    const url = await server.newDatabase()
    const nodes = await Promise.all(Array.from({ length: 10 }, () => open(url)))
    const secrets = await Promise.all(nodes.map((node, i) => node.readSecret('pre-login', `candidate ${i}`)))
    expect(new Set(secrets).size).toBe(1)
    await Promise.all(nodes.map((node) => node.close()))
    expect(columnsOf(await server.run('SELECT version FROM cloakroom.schema_version', url))).toEqual([LATEST])
  })

  test('everything is in a schema of its own, beside the tables of others', async () => {
    const url = await server.newDatabase()
    await server.run('CREATE TABLE users (id integer); CREATE TABLE sessions (id integer)', url)
    const store = await open(url)
    await givenSession(store)
    const others = `SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`
    expect(columnsOf(await server.run(others, url))).toEqual(['sessions', 'users'])
    await store.close()
  })

  test('a write is answered when it is on the disk, and waits for its turn, whatever the database says', async () => {
    const url = await server.newDatabase()
    const { database } = placeOf(url)
    for (const setting of [
      'synchronous_commit = off',
      `default_transaction_isolation = 'serializable'`,
      'statement_timeout = 1',
      `search_path = nowhere`,
    ])
      await server.run(`ALTER DATABASE ${database} SET ${setting}`)
    const store = await open(url)
    const { id } = await givenSession(store)
    await Promise.all(Array.from({ length: 20 }, (_, i) => put(store, id, [[`k${i}`, 'x']])))
    expect(await attributesOf(store, id)).toHaveLength(20)
    await store.close()
    const pool = new Pool(placeOf(url), reach)
    const settings = `SELECT current_setting('synchronous_commit'), current_setting('transaction_isolation')`
    expect((await pool.run(settings, []))[0]?.slice()).toEqual(['on', 'read committed'])
    await pool.close()
  })

  test('puts and uses leave the indexes of sessions alone', async () => {
    const url = await server.newDatabase()
    const store = await open(url)
    const { id } = await givenSession(store)
    for (let i = 1; i <= 50; i++) {
      await put(store, id, [['a', String(i)]])
      await store.touchSessions([{ id, usedAt: now + i, endsAt: now + HOUR + i }], now)
    }
    // What a connection did is counted by the server when it ends.
    await store.close()
    const counts = `SELECT n_tup_upd::integer, n_tup_hot_upd::integer FROM pg_stat_user_tables
      WHERE schemaname = 'cloakroom' AND relname IN ('sessions', 'attributes') ORDER BY relname DESC`
    let [sessions, attributes] = await server.run(counts, url)
    while (Number(sessions?.[0]) < 100 || Number(attributes?.[0]) < 49)
      [sessions, attributes] = await server.run(counts, url)
    expect(sessions?.slice()).toEqual([100, 100])
    expect(attributes?.slice()).toEqual([49, 49])
  })

  test('a revocation that takes longer than a request has time for happens all the same, once', async () => {
    const url = await server.newDatabase()
    const store = await openPostgresStore(url, { timeout: 1_000, connections: 4, create: true })
    const user = await givenUser(store)
    await givenSessionOf(store, user)
    // As where there are very many sessions: half of the timeout is what a statement may take.
    await server.run(
      `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.6); RETURN null; END $$;
       CREATE TRIGGER slow AFTER DELETE ON cloakroom.sessions FOR STATEMENT EXECUTE FUNCTION slow()`,
      url,
    )
    const revocation = { generation: 8, except: null }
    expect(await store.updateUser(user.uname, {}, revocation, noKeeper)).toEqual({ ended: 1 })
    expect((await store.listSessions({ uname: user.uname }, null, 1, now)).items).toEqual([])
    await givenSessionOf(store, { ...user, generation: 8 })
    expect(await store.deleteUser(user.uname, noKeeper)).toEqual({ ended: 1 })
    await store.close()
  })

  test('a sweep finds what has ended behind sessions that were used since, and those when they end', async () => {
    const store = await open(await server.newDatabase())
    const used = await givenUsed(store, 7)
    const { id } = await givenSession(store, { endsAt: now + MINUTE + 1 })
    expect(await store.sweepSessions(now + 2 * MINUTE, 2)).toBe(1)
    expect(await isLive(store, id, now)).toBe(false)
    for (const each of used) expect(await isLive(store, each, now + HOUR - 1)).toBe(true)
    expect(await store.sweepSessions(now + HOUR - 1, 100)).toBe(0)
    expect(await store.sweepSessions(now + HOUR, 100)).toBe(7)
    for (const each of used) expect(await isLive(store, each, now)).toBe(false)
    await store.close()
  })

  test('a sweep waits for nobody: a row that is locked is left for the next', async () => {
    const url = await server.newDatabase()
    const store = await open(url)
    for (let i = 0; i < 3; i++) await givenSession(store, { endsAt: now })
    await using held = await server.hold(url, 'SELECT FROM cloakroom.sessions ORDER BY n LIMIT 1 FOR UPDATE')
    expect(await store.sweepSessions(now, 10)).toBe(2)
    await held.commit()
    expect(await store.sweepSessions(now, 10)).toBe(1)
    await store.close()
  })

  test('a sweep is one node’s at a time', async () => {
    const url = await server.newDatabase()
    const [store, other] = [await open(url), await open(url)]
    for (let i = 0; i < 3; i++) await givenSession(store, { endsAt: now })
    // One that has not come to its end, as far as the other node can see.
    await using held = await server.hold(url, 'SELECT * FROM cloakroom.sweep(0, 10)')
    expect(await other.sweepSessions(now, 10)).toBe(0)
    await held.commit()
    expect(await other.sweepSessions(now, 10)).toBe(3)
    await Promise.all([store.close(), other.close()])
  })
})
