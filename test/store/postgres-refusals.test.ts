import { expect, test } from 'bun:test'
import { chownSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { SetupError } from '../../src/errors.ts'
import { requireUsable } from '../../src/store/postgres/facts.ts'
import { checkPostgres, openPostgresStore } from '../../src/store/postgres/open.ts'
import { Pool } from '../../src/store/postgres/pool.ts'
import { placeOf } from '../../src/store/postgres/url.ts'
import { describeWithPostgres, GUARDED, PASSWORD, type PostgresServer } from '../support/postgres.ts'
import { startTicking } from '../support/ticking.ts'
import { errorOf } from './file.ts'

// A server starts, stops and recovers in there.
const open = (url: string, create = true) =>
  openPostgresStore(url, { timeout: 1_000, connections: 4, create })

/** What is said of a URL that no server can start with. Fails if that takes longer than five seconds or tells the password. */
async function refusal(start: () => Promise<unknown>): Promise<string> {
  using time = startTicking()
  const error = await errorOf(start)
  expect(time.ms).toBeLessThan(5_000)
  if (!(error instanceof SetupError)) throw error
  expect(Bun.inspect(error)).not.toContain(PASSWORD)
  expect(Bun.inspect(error)).not.toContain(encodeURIComponent(PASSWORD))
  return error.message
}

/** The same for a start and a check, which say the same. */
async function bothRefuse(url: string, ...words: readonly string[]): Promise<void> {
  for (const start of [() => open(url), () => checkPostgres(url)]) {
    const said = await refusal(start)
    for (const word of words) expect(said).toContain(word)
  }
}

const withPassword = (url: string, password: string) =>
  url.replace('owner@', `${GUARDED}:${encodeURIComponent(password)}@`)

const openssl = Bun.which('openssl')

/** Gives the server a certificate that only it vouches for, for its address and no name, and has it speak TLS from now on. */
async function givenCertificate(server: PostgresServer): Promise<void> {
  const [key, certificate] = [server.file('server.key'), server.file('server.crt')]
  const made = Bun.spawnSync([
    ...[
      openssl ?? 'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=test',
    ],
    ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate],
  ])
  if (!made.success) throw new Error(made.stderr.toString())
  const { uid, gid } = statSync(server.file('PG_VERSION'))
  chownSync(key, uid, gid)
  await server.run('ALTER SYSTEM SET ssl = on')
  await server.run('SELECT pg_reload_conf()')
  while ((await server.run('SHOW ssl'))[0]?.[0] !== 'on');
}

describeWithPostgres('a database that cannot be used', { conf: { fsync: 'off' } }, (server) => {
  test('a password with any characters is accepted, a wrong one is named as such', async () => {
    const url = await server.newDatabase()
    await server.run(`GRANT CREATE ON DATABASE ${placeOf(url).database} TO ${GUARDED}`)
    await bothRefuse(withPassword(url, `${PASSWORD}x`), 'password', GUARDED, '--store')
    await bothRefuse(withPassword(url, ''), GUARDED, '--store')
    const store = await open(withPassword(url, PASSWORD))
    expect(await store.readUser('nobody')).toBeNull()
    await store.close()
  })

  test('a database that does not exist is named, and how to make it', async () => {
    await bothRefuse(server.url('nowhere'), 'nowhere', '127.0.0.1', 'CREATE DATABASE "nowhere"')
  })

  test('a role that does not exist is named', async () => {
    await bothRefuse((await server.newDatabase()).replace('owner@', 'stranger@'), 'stranger', 'pg_hba.conf')
  })

  test('a role without the right to make the schema is told how to get it', async () => {
    const url = await server.newDatabase()
    await server.run('CREATE ROLE poor LOGIN')
    const poor = url.replace('owner@', 'poor@')
    await bothRefuse(poor, 'poor', 'CREATE SCHEMA cloakroom AUTHORIZATION "poor"')
    await server.run('CREATE SCHEMA cloakroom AUTHORIZATION "poor"', url)
    await (await open(poor)).close()
  })

  test('a role without rights to what another made is told to be that one', async () => {
    const url = await server.newDatabase()
    await (await open(url)).close()
    await server.run('CREATE ROLE other LOGIN; CREATE ROLE half LOGIN')
    await bothRefuse(url.replace('owner@', 'other@'), 'other', 'Connect as the role that made it')
    await server.run('GRANT USAGE ON SCHEMA cloakroom TO half', url)
    await server.run('GRANT SELECT ON ALL TABLES IN SCHEMA cloakroom TO half', url)
    await bothRefuse(url.replace('owner@', 'half@'), 'half', 'Connect as the role that made it')
  })

  test('a role that only reads is told so', async () => {
    const url = await server.newDatabase()
    await (await open(url)).close()
    await server.run('CREATE ROLE reader SUPERUSER LOGIN')
    await server.run('ALTER ROLE reader SET default_transaction_read_only = on')
    await bothRefuse(url.replace('owner@', 'reader@'), 'reader', 'default_transaction_read_only = off')
  })

  test('a database that has no room for all characters is refused, and another proposed', async () => {
    await server.run(`CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`)
    await bothRefuse(server.url('latin'), 'latin', 'LATIN1', "ENCODING 'UTF8'")
  })

  test('a schema that another program made is left as it is', async () => {
    const url = await server.newDatabase()
    await server.run('CREATE SCHEMA cloakroom; CREATE TABLE cloakroom.coats (hook integer)', url)
    await bothRefuse(url, 'another program', 'Name another database')
    const tables = `SELECT count(*)::integer FROM pg_class WHERE relnamespace = 'cloakroom'::regnamespace`
    expect((await server.run(tables, url))[0]?.slice()).toEqual([1])
  })

  test('a schema of a newer version is left as it is', async () => {
    const url = await server.newDatabase()
    await (await open(url)).close()
    await server.run('UPDATE cloakroom.schema_version SET version = 99', url)
    await bothRefuse(url, 'newer version', 'schema 99', 'Run that version')
    expect((await server.run('SELECT version FROM cloakroom.schema_version', url))[0]?.slice()).toEqual([99])
  })

  test('a check says version and schema and changes nothing', async () => {
    const url = await server.newDatabase()
    expect(await checkPostgres(url)).toMatch(/^d\d+ at 127\.0\.0\.1: PostgreSQL 1\d.* no schema/)
    expect(await refusal(() => open(url, false))).toEndWith(
      'Name another one with --store; cloakroom serve makes the schema in this one.',
    )
    const copying = { timeout: 1_000, connections: 4, create: false, alone: true }
    expect(await refusal(() => openPostgresStore(url, copying))).toEndWith('Name another one with --store.')
    const schemas = `SELECT count(*)::integer FROM pg_namespace WHERE nspname = 'cloakroom'`
    expect((await server.run(schemas, url))[0]?.slice()).toEqual([0])
    await (await open(url)).close()
    expect(await checkPostgres(url)).toMatch(/Cloakroom database, schema \d+\./)
    await (await open(url, false)).close()
  })

  test('a replica is refused, at the start and later', async () => {
    const url = await server.newDatabase()
    const store = await open(url)
    const signal = server.file('standby.signal')
    try {
      await server.kill('SIGINT')
      writeFileSync(signal, '')
      await server.start()
      await bothRefuse(url, 'replica', 'Name the primary')
      expect(await errorOf(() => store.readUser('nobody'))).toMatchObject({ code: 'store_unavailable' })
    } finally {
      await server.kill('SIGINT')
      rmSync(signal)
      await server.start()
    }
    expect(await store.readUser('nobody')).toBeNull()
    await store.close()
  })

  test('a server without TLS is refused where TLS is asked for, and the remedy named', async () => {
    await bothRefuse(`${server.url('postgres')}?sslmode=require`, 'TLS', 'sslmode=disable')
  })

  test.skipIf(openssl === null && process.env['CI'] !== 'true')(
    `a certificate is looked at where that is asked for${openssl === null ? ' (skipped: there is no openssl on the path)' : ''}`,
    async () => {
      await givenCertificate(server)
      const place = server.url('postgres')
      const encrypted = async (parameters: string) => {
        const pool = new Pool(placeOf(place + parameters), { timeout: 5_000, connections: 2 })
        const [row] = await pool.read('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()', [])
        await pool.close()
        return row?.[0]
      }
      const authority = `sslrootcert=${server.file('server.crt')}`
      expect(await encrypted('')).toBe(false)
      expect(await encrypted('?sslmode=require')).toBe(true)
      expect(await encrypted(`?${authority}`)).toBe(true)
      expect(await encrypted(`?sslmode=verify-ca&${authority}`)).toBe(true)
      await bothRefuse(`${place}?sslmode=verify-full`, 'certificate', 'sslrootcert')
      const elsewhere = `${place.replace('127.0.0.1', 'localhost')}?`
      await bothRefuse(`${elsewhere}${authority}`, 'certificate', 'localhost')
      expect(await checkPostgres(`${elsewhere}sslmode=verify-ca&${authority}`)).toContain('localhost')
      await bothRefuse(`${place}?sslrootcert=/nowhere.pem`, '/nowhere.pem', 'sslrootcert')
    },
  )

  test('a server that has no connection left says so', async () => {
    const url = await server.newDatabase()
    const { database } = placeOf(url)
    await server.run(
      `CREATE ROLE crowd LOGIN CONNECTION LIMIT 0; GRANT CREATE ON DATABASE ${database} TO crowd`,
    )
    await bothRefuse(url.replace('owner@', 'crowd@'), 'no connection left', 'postgres.connections')
  })
})

/** A listener on the loopback interface that is no PostgreSQL. */
const listen = (open: (socket: { end(): void }) => void) =>
  Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { open, data() {} } })

test.concurrent('a port where nobody listens is named', async () => {
  const gone = listen(() => {})
  gone.stop(true)
  await bothRefuse(`postgres://u:secret@127.0.0.1:${gone.port}/d`, '127.0.0.1', String(gone.port), '--store')
})

test.concurrent('a host that does not exist is named', async () => {
  await bothRefuse('postgres://u:secret@no-such-host.invalid/d', 'no-such-host.invalid', '--store')
})

test.concurrent('a host that says nothing is named in time', async () => {
  using silent = listen(() => {})
  expect(await refusal(() => open(`postgres://u@127.0.0.1:${silent.port}/d`))).toContain('does not answer')
})

test.concurrent('a host that hangs up is named in time', async () => {
  using rude = listen((socket) => socket.end())
  const said = await refusal(() => open(`postgres://u@127.0.0.1:${rude.port}/d`))
  expect(said).toContain(`127.0.0.1, port ${rude.port}`)
})

test('a server that is too old is named with its version, and which would do', () => {
  const facts = {
    version: '13.9 (Debian 13.9-0+deb11u1)',
    number: 130_009,
    encoding: 'UTF8',
    isReadOnly: false,
    mayCreate: true,
    hasSchema: false,
    mayFill: false,
    isOurs: false,
    isForeign: false,
    mayUse: false,
    schema: 0,
  }
  const place = placeOf('postgres://user@db.example.com/sessions')
  expect(() => requireUsable(facts, place)).toThrow(/PostgreSQL 13\.9 .*db\.example\.com is too old.* 14 /)
  expect(() => requireUsable({ ...facts, number: 140_000 }, place)).not.toThrow()
})
