import { expect, test } from 'bun:test'
import { type Client, logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { attempt, cookieOf, statusOf } from './attempt.ts'

const PASSWORD = 'bob likes long passwords'
/** All of them from one address, and none of them throttled. */
const FOUR_AT_ONCE = '[login]\nhashes-at-once = 4\nuser-attempts = 1000\naddress-attempts = 1000\n'
const NEW_PASSWORD = 'quite another one'

test('256 puts at once of different keys are all there afterwards', async () => {
  await using server = await startServer({ durable: true })
  const client = await logIn(server)
  const keys = Array.from({ length: 256 }, (_, i) => `key${String(i).padStart(3, '0')}`)
  const answers = await Promise.all(keys.map((key) => client.ask('/session/put', { [key]: key })))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(new Set(answers.map(({ headers }) => headers.get('etag'))).size).toBe(256)
  expect(await client.json('/session/get')).toEqual(Object.fromEntries(keys.map((key) => [key, key])))
})

test('puts and deletes at once each change only what they name', async () => {
  await using server = await startServer({ durable: true })
  const client = await logIn(server)
  const keys = Array.from({ length: 60 }, (_, i) => `key${i}`)
  await client.json('/session/put', Object.fromEntries(keys.map((key) => [key, 'old'])))
  await Promise.all(
    keys.map((key, i) =>
      i % 2 === 0 ? client.json('/session/put', { [key]: 'new' }) : client.json('/session/delete', { key }),
    ),
  )
  const even = keys.filter((_, i) => i % 2 === 0)
  expect(await client.json('/session/get')).toEqual(Object.fromEntries(even.map((key) => [key, 'new'])))
})

test('one put of many attributes is seen whole or not at all', async () => {
  await using server = await startServer({ durable: true })
  const client = await logIn(server)
  const put = (value: string) =>
    client.json('/session/put', Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, value])))
  await put('0')
  const writing = Promise.all(Array.from({ length: 30 }, (_, i) => put(String(i))))
  const reads = await Promise.all(Array.from({ length: 60 }, () => client.json('/session/get')))
  await writing
  for (const read of reads) expect(new Set(Object.values(read as object)).size).toBe(1)
})

for (const end of ['/session/invalidate', '/login/logout.csp']) {
  test(`a session that ends by ${end} while 30 writers write is dead and stays dead`, async () => {
    await using server = await startServer({
      durable: true,
      toml: 'login.hashes-at-once = 2\n',
      slowHashes: true,
    })
    const clients = await Promise.all(Array.from({ length: 10 }, () => logIn(server)))
    for (const client of clients) {
      const write = (i: number) => client.ask('/session/put', { [`k${i}`]: 'x' })
      const before = Array.from({ length: 15 }, (_, i) => write(i))
      const ending = client.ask(end)
      const after = Array.from({ length: 15 }, (_, i) => write(100 + i))
      expect((await ending).status).toBeLessThan(400)
      // From here on it is dead, whatever is still under way.
      expect((await client.ask('/session/get')).status).toBe(401)
      const statuses = (await Promise.all([...before, ...after])).map(({ status }) => status)
      for (const status of statuses) expect(status).toBeOneOf([200, 401])
      expect((await write(200)).status).toBe(401)
      expect((await client.ask('/session/get')).status).toBe(401)
    }
  })
}

test('a counter that is compared and set counts right with 20 writers at once', async () => {
  await using server = await startServer({ durable: true })
  const client = await logIn(server)
  await client.json('/session/put', { count: '0' })
  const increment = async (): Promise<number> => {
    for (let tries = 1; ; tries++) {
      const read = await client.ask('/session/get?key=count')
      const { count } = (await read.json()) as { count: string }
      const answer = await client.ask(
        '/session/put',
        { count: String(Number(count) + 1) },
        { 'if-match': read.headers.get('etag') ?? '' },
      )
      if (answer.status === 200) return tries
      expect(answer.status).toBe(412)
    }
  }
  const tries = await Promise.all(Array.from({ length: 20 }, increment))
  expect(await client.json('/session/get')).toEqual({ count: '20' })
  expect(Math.max(...tries)).toBeGreaterThan(1)
})

async function given(server: TestServer): Promise<{ admin: Client; remake(): Promise<void> }> {
  const admin = await logIn(server)
  const remake = async () => {
    await admin.ask('/admin/users/delete', { uname: 'bob' })
    await admin.json('/admin/users/create', { uname: 'bob', password: PASSWORD })
  }
  return { admin, remake }
}

const startLogin = (server: TestServer, password = PASSWORD) =>
  attempt(server, { z_username: 'bob', z_password: password, z_csrf_protection: 'off' })

const changes: Readonly<Record<string, readonly [path: string, fields: Record<string, string>]>> = {
  disabled: ['/admin/users/update', { disabled: 'true' }],
  deleted: ['/admin/users/delete', {}],
  'given another password': ['/admin/users/update', { password: NEW_PASSWORD }],
}

for (const [what, [path, fields]] of Object.entries(changes)) {
  test(`a login under way while the user is ${what} does not slip through`, async () => {
    await using server = await startServer({ durable: true, toml: FOUR_AT_ONCE, slowHashes: true })
    const { admin, remake } = await given(server)
    for (let round = 0; round < 3; round++) {
      await remake()
      const before = [startLogin(server), startLogin(server)]
      // Each round begins the change a little later, so that it meets the logins at another step.
      for (let i = 0; i < round * 10; i++) await fetch(`${server.url}/healthz`)
      const change = admin.ask(path, { uname: 'bob', ...fields })
      // These still see the user as before, if the change has a password to hash first.
      const after = [startLogin(server), startLogin(server)]
      const answers = await Promise.all([...before, ...after])
      expect((await change).status).toBe(200)
      for (const answer of answers) {
        expect(answer.status).toBeOneOf([302, 401])
        if (answer.status === 302) expect(await statusOf(server, cookieOf(answer))).toBe(401)
      }
      expect(await admin.json('/admin/sessions/list?uname=bob')).toMatchObject({ sessions: [] })
    }
  })
}

test('a user’s own change of password under way does not undo the one by an admin', async () => {
  await using server = await startServer({ durable: true, toml: FOUR_AT_ONCE, slowHashes: true })
  const { admin, remake } = await given(server)
  for (let round = 0; round < 4; round++) {
    await remake()
    const bob = await logIn(server, { uname: 'bob', password: PASSWORD })
    const own = bob.ask('/user/password', { old: PASSWORD, new: 'the thief would like this' })
    for (let i = 0; i < round * 10; i++) await fetch(`${server.url}/healthz`)
    const byAdmin = admin.ask('/admin/users/update', { uname: 'bob', password: NEW_PASSWORD })
    expect((await byAdmin).status).toBe(200)
    expect((await own).status).toBeOneOf([200, 401, 403, 409])
    expect((await startLogin(server, 'the thief would like this')).status).toBe(401)
    expect((await startLogin(server, NEW_PASSWORD)).status).toBe(302)
  }
})

test('two admins who remove each other at once leave one', async () => {
  await using server = await startServer({ durable: true })
  const admin = await logIn(server)
  for (let round = 0; round < 3; round++) {
    await admin.ask('/admin/users/delete', { uname: 'second' })
    await admin.json('/admin/users/create', { uname: 'second', password: PASSWORD, roles: 'admin' })
    const second = await logIn(server, { uname: 'second', password: PASSWORD })
    const statuses = await Promise.all([
      admin.ask('/admin/users/update', { uname: 'second', roles: '' }),
      second.ask('/admin/users/update', { uname: 'admin', roles: '' }),
    ]).then((answers) => answers.map(({ status }) => status))
    expect(statuses).toContain(200)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    // Whoever is left gives the role back.
    const left = statuses[0] === 200 ? admin : second
    await left.json('/admin/users/update', { uname: 'admin', roles: 'admin' })
  }
})
