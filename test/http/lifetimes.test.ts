import { expect, test } from 'bun:test'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const statusOf = async (client: Client, path = '/session/get') => (await client.ask(path)).status
/** Resolves when the uses so far are written. The first request after a while has that begin, as a timer would; a write comes after it. */
const writeUses = async (client: Client) => {
  for (const path of ['/session/get', '/session/put?a=b']) expect(await statusOf(client, path)).toBe(200)
}
const instantOf = async (client: Client, name: string) =>
  Date.parse(((await client.json('/session/info')) as Record<string, string>)[name] ?? '')

for (const [store, where] of Object.entries({ sqlite: { durable: true }, memory: { store: 'memory:' } })) {
  test(`without a request a session ends after 30 minutes, to the millisecond (${store})`, async () => {
    await using server = await startServer(where)
    const [one, other] = [await logIn(server), await logIn(server)]
    server.now += 30 * MINUTE - 1
    expect(await statusOf(one)).toBe(200)
    server.now += 1
    expect(await statusOf(other)).toBe(401)
    for (const path of ['put?a=b', 'delete', 'invalidate', 'info', 'list']) {
      expect(await statusOf(other, `/session/${path}`)).toBe(401)
    }
  })

  test(`every use puts the end off, whatever it is, right up to the last millisecond (${store})`, async () => {
    await using server = await startServer({ ...where, toml: '[session]\nlifetime = "30d"\n' })
    const client = await logIn(server)
    const uses = ['get', 'put?a=b', 'info', 'list', 'get?key=a', 'delete?key=a', 'get?key=CSRFToken']
    for (let round = 0; round < 3; round++) {
      for (const use of uses) {
        server.now += 30 * MINUTE - 1
        expect([use, await statusOf(client, `/session/${use}`)]).toEqual([use, 200])
      }
    }
    server.now += 30 * MINUTE
    expect(await statusOf(client)).toBe(401)
  })
}

test('a session of many small uses ends 30 minutes after the last of them', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  for (let i = 0; i < 90; i++) {
    server.now += MINUTE
    expect([i, await statusOf(client, i % 2 === 0 ? '/session/get' : '/session/put?a=b')]).toEqual([i, 200])
  }
  await writeUses(client)
  server.now += 30 * MINUTE - 1
  expect(await statusOf(client)).toBe(200)
  await writeUses(client)
  server.now += 30 * MINUTE
  expect(await statusOf(client)).toBe(401)
})

test('a request that is refused is no use', async () => {
  await using server = await startServer()
  const client = await logIn(server, { csrf: true })
  server.now += 20 * MINUTE
  expect((await client.ask('/session/put', { a: 'b' }, { CSRFToken: 'wrong' })).status).toBe(403)
  expect((await client.ask('/session/get', null, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  server.now += 10 * MINUTE
  expect(await statusOf(client)).toBe(401)
})

test('12 hours after the login a session ends, however much it is used', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const beganAt = server.now
  while (server.now + 25 * MINUTE < beganAt + 12 * HOUR) {
    server.now += 25 * MINUTE
    expect(await statusOf(client)).toBe(200)
  }
  server.now = beganAt + 12 * HOUR - 1
  expect(await statusOf(client, '/session/put?a=b')).toBe(200)
  server.now += 1
  expect(await statusOf(client)).toBe(401)
  expect(await statusOf(client, '/session/put?a=b')).toBe(401)
})

test('session/info says who, since when, and truthfully until when', async () => {
  await using server = await startServer()
  const user = await givenUser(server, 'bob', { fullname: 'Bob ü', email: 'bob@example.com', roles: 'a,b' })
  const beganAt = server.now
  const client = await logIn(server, { ...user, csrf: true })
  server.now += 7 * MINUTE
  expect(await client.json('/session/info')).toEqual({
    uname: 'bob',
    fullname: 'Bob ü',
    email: 'bob@example.com',
    roles: ['a', 'b'],
    handle: expect.stringMatching(/^[\w-]{22}$/),
    beganAt: new Date(beganAt).toISOString(),
    endsAt: new Date(server.now + 30 * MINUTE).toISOString(),
    latestEndsAt: new Date(beganAt + 12 * HOUR).toISOString(),
    freshUntil: new Date(beganAt + 10 * MINUTE).toISOString(),
    csrfProtection: true,
    passwordChangeNeeded: false,
    limits: { key: 256, value: 65_536, attributes: 1_024, session: 1_048_576 },
  })
  for (const early of [1, 0]) {
    const endsAt = await instantOf(client, 'endsAt')
    await writeUses(client)
    server.now = endsAt - early
    expect(await statusOf(client)).toBe(early === 1 ? 200 : 401)
  }
})

test('near its absolute end session/info names that one', async () => {
  await using server = await startServer({ toml: '[session]\nlifetime = "45m"\n' })
  const client = await logIn(server)
  server.now += 20 * MINUTE
  const end = server.now + 25 * MINUTE
  expect(await instantOf(client, 'endsAt')).toBe(end)
  expect(await instantOf(client, 'latestEndsAt')).toBe(end)
  server.now = end - 1
  expect(await statusOf(client)).toBe(200)
  server.now = end
  expect(await statusOf(client)).toBe(401)
})

test('both lifetimes are settings', async () => {
  await using server = await startServer({ toml: '[session]\nidle = "1500ms"\nlifetime = "4s"\n' })
  const [one, other] = [await logIn(server), await logIn(server)]
  server.now += 1_499
  expect(await statusOf(one)).toBe(200)
  server.now += 1
  expect(await statusOf(other)).toBe(401)
  server.now += 1_400
  expect(await statusOf(one)).toBe(200)
  server.now += 1_099
  expect(await statusOf(one)).toBe(200)
  server.now += 1
  expect(await statusOf(one)).toBe(401)
})

test('a lifetime that is shorter than the idle time is the one that counts', async () => {
  await using server = await startServer({ toml: '[session]\nidle = "1h"\nlifetime = "10m"\n' })
  const client = await logIn(server)
  expect(await instantOf(client, 'endsAt')).toBe(server.now + 10 * MINUTE)
  server.now += 10 * MINUTE
  expect(await statusOf(client)).toBe(401)
})

test('a restart keeps sessions, their attributes, their ETag and their ends', async () => {
  let server = await startServer({ durable: true })
  const before = await logIn(server, { csrf: true })
  const ended = await logIn(server)
  await before.json('/session/put', { a: 'ä\u{1f426}', ['__proto__']: 'x' })
  await ended.json('/session/invalidate')
  server.now += 20 * MINUTE
  const read = await before.ask('/session/get')
  const [etag, text] = [read.headers.get('etag'), await read.text()]
  server = await server.restart()
  await using _stop = server
  const ask = (path: string, cookie: string, body?: string) =>
    fetch(server.url + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { cookie, CSRFToken: before.csrfToken ?? '' },
      ...(body === undefined ? {} : { body: new URLSearchParams(body) }),
    })
  server.now += 30 * MINUTE - 1
  const again = await ask('/session/get', before.cookie)
  expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([200, etag, text])
  expect((await ask('/session/get', ended.cookie)).status).toBe(401)
  expect((await ask('/session/put', before.cookie, 'b=c')).status).toBe(200)
  server.now += 30 * MINUTE
  expect((await ask('/session/get', before.cookie)).status).toBe(401)
})
