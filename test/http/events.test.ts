import { expect, test } from 'bun:test'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { openShell } from '../support/curl.ts'
import { type Events, readEvents, watch } from '../support/events.ts'
import { startServer } from '../support/server.ts'

const put = (id: number, ...keys: string[]) => ({ event: 'put', id: String(id), data: { keys } })
const ended = (reason: string) => ({ event: 'end', id: null, data: { reason } })

/** The session and its version, as its ETag says. */
const revisionOf = async (client: Client) =>
  (await client.ask('/session/get')).headers.get('etag')?.slice(1, -1) ?? ''

async function problemOf(answer: Response) {
  const { code } = (await answer.json()) as { code: string }
  return { status: answer.status, code }
}

test('a stream begins at once, with the version of the session and headers that keep it from being kept', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  await client.json('/session/put', { a: '1' })
  for (const prefix of ['', '/api/1', '/api/2']) {
    await using stream = await watch(client, `${prefix}/session/events`)
    await stream.until(() => stream.text !== '')
    expect(stream.text).toBe(`retry: 1000\nid: ${await revisionOf(client)}\n: open\n\n`)
    const { headers } = stream.answer
    expect(headers.get('content-type')).toBe('text/event-stream')
    expect(headers.get('cache-control')).toBe('no-store, no-transform')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test('what is put and deleted is told with its keys, and the version as the id', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  await using stream = await watch(client)
  await client.json('/session/put', { a: '1' })
  await client.json('/session/put', { b: '2' })
  await client.json('/session/delete', { key: 'a' })
  await client.json('/session/delete', '')
  expect(await stream.count(4)).toEqual([
    put(2, 'a'),
    put(3, 'b'),
    { event: 'delete', id: '4', data: { keys: ['a'] } },
    { event: 'delete', id: '5', data: { all: true } },
  ])
  const etag = (await client.ask('/session/get')).headers.get('etag')
  expect(etag).toEndWith('.5"')
})

test('values come along if they are asked for, and no line of an event is broken by one', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  await using stream = await watch(client, '/session/events?values=true')
  const awkward = 'a\r\n\r\nevent: end\ndata: {}\n\n'
  await client.json('/session/put', { [awkward]: awkward, b: 'é👩\u2028' })
  await client.ask('/session/put', '__proto__=p')
  await client.json('/session/delete', { key: 'b' })
  const events = await stream.count(3)
  expect(events.map(({ event }) => event)).toEqual(['put', 'put', 'delete'])
  expect(events[0]?.data).toEqual({ attributes: { [awkward]: awkward, b: 'é👩\u2028' } })
  expect(JSON.stringify(events[1]?.data)).toBe('{"attributes":{"__proto__":"p"}}')
})

test('a value as large as it may be is told, and what is larger than an event may be is told as missed', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  await using stream = await watch(client, '/session/events?values=true')
  await using keys = await watch(client)
  const value = 'x'.repeat(65_536)
  await client.json('/session/put', { a: value })
  await stream.count(1)
  await client.json('/session/put', { a: value, b: value })
  await stream.count(2)
  await client.json(
    '/session/put',
    Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`${i}`.padEnd(250), ''])),
  )
  await client.json('/session/put', { c: '1' })
  const missed = { event: 'missed', id: null, data: {} }
  expect(await stream.count(4)).toEqual([
    { event: 'put', id: '2', data: { attributes: { a: value } } },
    missed,
    missed,
    { event: 'put', id: '5', data: { attributes: { c: '1' } } },
  ])
  expect(await keys.count(4)).toEqual([put(2, 'a'), put(3, 'a', 'b'), missed, put(5, 'c')])
})

test('keys with line breaks are told as keys', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  await using stream = await watch(client)
  await client.json('/session/put', { 'a\r\ndata: x\n\n': '1' })
  expect(await stream.count(1)).toEqual([put(2, 'a\r\ndata: x\n\n')])
})

test('a logout is told at once, the stream ends, and there is no other', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const stream = await watch(client)
  await client.json('/session/invalidate')
  await stream.until(() => stream.isOver)
  expect(stream.events).toEqual([ended('logout')])
  expect(await problemOf(await client.ask('/session/events'))).toEqual({ status: 401, code: 'not_logged_in' })
})

test('whatever else ends a session is told as revoked, and the one that stays is told nothing', async () => {
  await using server = await startServer()
  const bob = await givenUser(server, 'bob')
  const admin = await logIn(server)
  await using own = await watch(admin)
  const ends: ((mine: Client) => Promise<unknown>)[] = [
    (mine) => mine.json('/session/revoke', { others: 'true' }),
    (mine) => mine.json('/user/password', { old: bob.password, new: `${bob.password}!` }),
    () => admin.json('/admin/sessions/revoke', { uname: 'bob' }),
  ]
  let { password } = bob
  for (const end of ends) {
    const [first, second] = [
      await logIn(server, { ...bob, password }),
      await logIn(server, { ...bob, password }),
    ]
    const [mine, other] = [await watch(first), await watch(second)]
    await end(first)
    await other.until(() => other.isOver)
    expect(other.events).toEqual([ended('revoked')])
    if (end === ends[1]) password += '!'
    if (end === ends[2]) await mine.until(() => mine.isOver)
    else await first.json('/session/put', { still: 'here' })
    await mine.count(1)
    expect(mine.events).toEqual(end === ends[2] ? [ended('revoked')] : [put(2, 'still')])
    await mine.close()
  }
  const last = await logIn(server, { ...bob, password })
  const stream = await watch(last)
  await admin.json('/admin/users/delete', { uname: 'bob' })
  await stream.until(() => stream.isOver)
  expect(stream.events).toEqual([ended('revoked')])
  expect(own.events).toEqual([])
})

/** One node, whose heartbeats and ends of sessions hang on timers of this process. */
const BRIEF = { store: 'memory:', heartbeat: 50, toml: 'session = { idle = "400ms" }' }

/** Waits for so many more heartbeats, and fails if the stream ends before. */
async function heartbeats(stream: Events, count: number): Promise<void> {
  const beats = () => stream.text.match(/^:$/gm)?.length ?? 0
  const enough = beats() + count
  await stream.until(() => stream.isOver || beats() >= enough)
  expect(stream.isOver).toBe(false)
}

test('the end of a session that is not used is told, also when uses have moved it', async () => {
  await using server = await startServer(BRIEF)
  const client = await logIn(server)
  const stream = await watch(client)
  for (let i = 0; i < 3; i++) {
    server.now += 300
    await client.json('/session/get')
  }
  // Ten of them take longer than the session was to live at first.
  await heartbeats(stream, 10)
  server.now += 399
  await heartbeats(stream, 10)
  server.now += 1
  await stream.until(() => stream.isOver)
  expect(stream.events).toEqual([ended('expired')])
})

test('an open stream is no use of the session, unless a setting says so', async () => {
  await using server = await startServer({
    ...BRIEF,
    toml: `${BRIEF.toml}\nevents = { count-as-use = true }`,
  })
  await using stream = await watch(await logIn(server))
  for (let i = 0; i < 4; i++) {
    server.now += 300
    await heartbeats(stream, 3)
  }
  await using without = await startServer(BRIEF)
  const idle = await watch(await logIn(without))
  without.now += 399
  await heartbeats(idle, 3)
  without.now += 1
  await idle.until(() => idle.isOver)
  expect(idle.events).toEqual([ended('expired')])
})

test('whoever connects again is told if something was missed', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  await client.json('/session/put', { a: '1' })
  // In one block with the id of the version that is read again: whoever is cut off before it has not got the id either.
  const missed = (version: number) => ({ event: 'missed', id: String(version), data: {} })
  const known = await revisionOf(client)
  const other = await logIn(server)
  await other.json('/session/put', { a: '2' })
  for (const [id, expected] of [
    [known, [put(3, 'b')]],
    [known, [missed(3), put(4, 'b')]],
    ['', [put(5, 'b')]],
    ['nonsense', [missed(5), put(6, 'b')]],
    // Of another session, which is of the same version.
    [(await revisionOf(other)).replace(/\d+$/, '6'), [missed(6), put(7, 'b')]],
  ] as const) {
    await using stream = await watch(client, '/session/events', { 'last-event-id': id })
    await client.json('/session/put', { b: 'x' })
    expect(await stream.count(expected.length)).toEqual([...expected])
  }
})

test('a stream needs a login, a request that is not from another site, GET, and no parameter that there is not', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const path = '/session/events'
  const refused = async (path: string, init: RequestInit) => problemOf(await fetch(server.url + path, init))
  const { cookie } = client
  const notLoggedIn = { status: 401, code: 'not_logged_in' }
  expect(await refused(path, {})).toEqual(notLoggedIn)
  const madeUp = `${cookie.slice(0, -3)}AAA`
  expect(await refused(path, { headers: { cookie: madeUp } })).toEqual(notLoggedIn)
  const foreign = { cookie, 'sec-fetch-site': 'cross-site' }
  expect(await refused(path, { headers: foreign })).toEqual({ status: 403, code: 'cross_site' })
  const invalid = { status: 400, code: 'invalid_parameter' }
  for (const query of ['key=a', 'values=maybe', 'values=true&x=']) {
    expect(await problemOf(await client.ask(`${path}?${query}`))).toEqual(invalid)
  }
  for (const method of ['POST', 'HEAD', 'PUT']) {
    const answer = await fetch(server.url + path, { method, headers: { cookie } })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET'])
  }
})

test('a protected session is watched without its CSRF token, which nothing tells', async () => {
  await using server = await startServer()
  const client = await logIn(server, { csrf: true })
  const { cookie, csrfToken } = client
  await using stream = readEvents(
    await fetch(`${server.url}/session/events?values=true`, { headers: { cookie } }),
  )
  await client.json('/session/put', `a=1&CSRFToken=${csrfToken}`)
  expect((await stream.count(1))[0]?.data).toEqual({ attributes: { a: '1' } })
  expect(stream.text).not.toContain(csrfToken ?? '')
})

test('curl shows the events as they come', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const revision = await revisionOf(client)
  using shell = openShell()
  const file = `${shell.home}/events`
  const running = shell.curl('-N', '-b', client.cookie, '-o', file, `${server.url}/session/events`)
  while (!(await Bun.file(file).exists())) await Bun.sleep(5)
  while (!(await Bun.file(file).text()).includes(': open')) await Bun.sleep(5)
  await client.json('/session/put', { a: '1' })
  while (!(await Bun.file(file).text()).includes('event: put')) await Bun.sleep(5)
  await client.json('/session/invalidate')
  await running
  const [handle] = revision.split('.')
  expect(await Bun.file(file).text()).toBe(
    `retry: 1000\nid: ${handle}.1\n: open\n\n` +
      `id: ${handle}.2\nevent: put\ndata: {"keys":["a"]}\n\n` +
      'event: end\ndata: {"reason":"logout"}\n\n',
  )
})
