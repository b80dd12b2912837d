import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describeWithPostgres } from '../support/postgres.ts'
import { openPlace, type Place } from '../support/process.ts'
import { describeWithRedis, startRedis } from '../support/redis.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

setDefaultTimeout(30_000)

/** What the first start says, all of it. */
const ANNOUNCEMENT = /with the password\s+(\S+)\s+It is shown/

test.concurrent('port 0 picks a free port, and the log says which', async () => {
  await using place = openPlace()
  const server = await place.serve()
  expect(server.port).toBeGreaterThan(0)
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
})

test.concurrent('the first start makes admin with the password that the environment names, and tells it nobody', async () => {
  await using place = openPlace()
  const server = await place.serve()
  expect((await server.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)
  expect(server.out + server.err).not.toContain(ADMIN_PASSWORD)
  expect(server.err).toBe('')
})

test.concurrent('without one it makes a random one, and says it once, on standard error and not in the log', async () => {
  await using place = openPlace()
  const server = await place.serve([], {})
  const [, password = ''] = await server.said(ANNOUNCEMENT)
  expect(password.length).toBeGreaterThanOrEqual(16)
  expect((await server.logIn('admin', password)).status).toBe(200)
  expect(server.out).not.toContain(password)
  server.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)

  const again = await place.serve([], {})
  expect((await again.logIn('admin', password)).status).toBe(200)
  again.kill('SIGTERM')
  const { out, err } = await again.ended
  expect(err).toBe('')
  expect(out).not.toContain(password)
})

test.concurrent('two first starts make two different random passwords', async () => {
  await using here = openPlace()
  await using there = openPlace()
  const [one, two] = await Promise.all([here.serve([], {}), there.serve([], {})])
  const [, first = ''] = await one.said(ANNOUNCEMENT)
  const [, second = ''] = await two.said(ANNOUNCEMENT)
  expect(first).not.toBe(second)
})

test.concurrent('a later start leaves the password of admin as it is, whatever the environment says', async () => {
  await using place = openPlace()
  const first = await place.serve()
  first.kill('SIGTERM')
  await first.ended
  const later = await place.serve([], { CLOAKROOM_ADMIN_PASSWORD: 'another long one entirely' })
  expect((await later.logIn('admin', 'another long one entirely')).status).toBe(401)
  expect((await later.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)
})

test.concurrent('everything is kept in ./data unless somebody says otherwise, and only the owner may read it', async () => {
  await using place = openPlace()
  await place.serve()
  expect(statSync(place.data).mode & 0o777).toBe(0o700)
  expect(statSync(join(place.data, 'cloakroom.db')).mode & 0o077).toBe(0)
})

test.concurrent('a store of one user who is admin keeps the first start from making another', async () => {
  await using place = openPlace()
  const added = await place.run(['user', 'add', 'root', '--role', 'admin'], {
    input: 'a password for root\n',
  })
  expect(added.code).toBe(0)
  const server = await place.serve([], {})
  expect(server.err).toBe('')
  expect((await place.run(['user', 'list'])).out).not.toContain('admin  ')
  expect((await server.logIn('root', 'a password for root')).status).toBe(200)
})

test.concurrent('where the only admin is disabled, the start makes none and says what to do', async () => {
  await using place = openPlace()
  await place.run(['user', 'add', 'admin'], { input: 'a password for admin\n' })
  const server = await place.serve([], {})
  expect(server.err).toBe('')
  expect(server.out).toContain('cloakroom user add NAME --role admin')
})

test.concurrent('the flags and the environment reach the server, and the flag wins', async () => {
  await using place = openPlace()
  const elsewhere = join(place.folder, 'elsewhere')
  const server = await place.serve(['--data', elsewhere, '--public-url', 'https://login.example.com'], {
    CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD,
    CLOAKROOM_DATA: place.data,
    CLOAKROOM_PUBLIC_URL: 'https://other.example.com',
  })
  expect(existsSync(join(elsewhere, 'cloakroom.db'))).toBe(true)
  expect(existsSync(place.data)).toBe(false)
  expect(server.out).toContain('https://login.example.com')
  expect((await server.logIn('admin', ADMIN_PASSWORD)).cookie).toStartWith('__Host-zsessionid=')
})

/** A check foretells that a password is none for the first admin, until there is somebody in the store. */
async function expectForetold(place: Place, store: string): Promise<void> {
  const weak = { env: { CLOAKROOM_ADMIN_PASSWORD: 'short', CLOAKROOM_STORE: store } }
  const { code, err } = await place.run(['check'], weak)
  expect([code, err]).toEqual([2, expect.stringContaining('is no password for the first admin')])
  const added = await place.run(['user', 'add', 'alice', '--store', store], { input: `${ADMIN_PASSWORD}\n` })
  expect([added.code, added.err]).toEqual([0, ''])
  expect((await place.run(['check'], weak)).code).toBe(0)
}

describeWithRedis('on Redis', () => {
  test('a check looks at the password of the first admin', async () => {
    await using redis = await startRedis()
    await using place = openPlace()
    await expectForetold(place, redis.url)
  })
})

describeWithPostgres('on PostgreSQL', {}, (postgres) => {
  test('a check looks at the password of the first admin', async () => {
    await using place = openPlace()
    await expectForetold(place, await postgres.newDatabase())
  })
})
