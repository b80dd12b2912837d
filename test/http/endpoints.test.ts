import { expect, test } from 'bun:test'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { routes } from '../../src/http/routes.ts'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer, type TestServer } from '../support/server.ts'

type Samples = Readonly<Record<string, Record<string, string>>>

/** A request to each call of the API that does what it is there for. A call that is not here fails the test. */
const READING: Samples = {
  '/session/get': { key: 'color' },
  '/session/events': { values: 'on' },
  '/session/info': {},
  '/session/list': { limit: '10' },
  '/admin/overview': {},
  '/admin/users/list': { prefix: 'a' },
  '/admin/users/get': { uname: 'alice' },
  '/admin/sessions/list': { uname: 'admin' },
  '/admin/sessions/count': { uname: 'admin' },
  '/admin/log/list': { event: 'login' },
}
const CHANGING: Samples = {
  '/session/put': { color: 'red' },
  '/session/delete': { key: 'color' },
  '/session/revoke': { others: 'true' },
  '/session/invalidate': {},
  '/user/password': { old: ADMIN_PASSWORD, new: 'another long password' },
  '/admin/users/create': { uname: 'bob', password: 'bob likes long passwords', roles: 'staff,night' },
  '/admin/users/update': { uname: 'alice', fullname: 'Alice Roe' },
  '/admin/users/delete': { uname: 'alice' },
  '/admin/sessions/revoke': { uname: 'alice' },
}
const SAMPLES: Samples = { ...READING, ...CHANGING }

const calls = [...routes.values()].filter(({ path }) => path in SAMPLES)
const bare = [...routes].filter(([path, each]) => path === each.path).map(([, each]) => each)
const apis = bare.filter(({ path }) => /^\/(session|user|admin)\//.test(path))
const pages = bare.filter(({ guard }) => guard === 'page')

const MEMORY = { store: 'memory:' }

/** Sends the sample of an endpoint. The body of a stream goes on, and is not waited for. */
async function send(client: Pick<Client, 'ask'>, path: string, method: string, headers = {}) {
  const sample = SAMPLES[path.replace(/^\/api\/[12]/, '')] ?? {}
  const answer = await (method === 'POST'
    ? client.ask(path, sample, headers)
    : client.ask(`${path}?${new URLSearchParams(sample)}`, null, headers))
  const isStream = answer.headers.get('content-type') === 'text/event-stream'
  if (isStream) await answer.body?.cancel()
  return { status: answer.status, body: isStream ? null : await answer.text() }
}

const codeOf = (body: string | null): string => (JSON.parse(body ?? '{}') as { code: string }).code

/** Asks an endpoint in each of its methods, and expects one refusal. */
async function expectRefused(client: Pick<Client, 'ask'>, each: Endpoint, refusal: string, headers = {}) {
  for (const method of each.methods) {
    const { status, body } = await send(client, each.path, method, headers)
    expect([each.path, method, `${status} ${codeOf(body)}`]).toEqual([each.path, method, refusal])
  }
}

/** All that requests can change, as an admin sees it. */
async function stateOf(admin: Client) {
  const [attributes, users, sessions] = await Promise.all([
    admin.json('/session/get'),
    admin.json('/admin/users/list'),
    admin.json('/admin/sessions/count'),
  ])
  return { attributes, users, sessions }
}

const strangerOf = (server: TestServer): Pick<Client, 'ask'> => ({
  ask: (path, body = null, headers = {}) =>
    fetch(server.url + path, {
      method: body === null ? 'GET' : 'POST',
      body: body === null ? null : new URLSearchParams(body as Record<string, string>),
      headers,
      redirect: 'manual',
    }),
})

test('every call of the API has a sample, and each exists three times', () => {
  expect(apis.map(({ path }) => path).sort()).toEqual(Object.keys(SAMPLES).sort())
  for (const { path } of apis)
    for (const prefix of ['/api/1', '/api/2']) expect(routes.get(prefix + path)).toBe(routes.get(path))
  expect(calls.length).toBe(3 * apis.length)
})

test('no call of the API answers a stranger, a program from another site, or by a method that it has not', async () => {
  await using server = await startServer(MEMORY)
  const stranger = strangerOf(server)
  const admin = await logIn(server)
  for (const each of apis) {
    await expectRefused(stranger, each, '401 not_logged_in')
    await expectRefused(admin, each, '403 cross_site', { 'sec-fetch-site': 'cross-site' })
    if (!each.methods.includes('GET'))
      expect([each.path, (await send(admin, each.path, 'GET')).status]).toEqual([each.path, 405])
  }
})

test('every call for admins is refused to other users, and no other is', async () => {
  await using server = await startServer(MEMORY)
  const user = await logIn(server, await givenUser(server, 'alice'))
  for (const each of apis) {
    if (each.path.startsWith('/admin/')) {
      await expectRefused(user, each, '403 role_missing')
      // Before anything of the call runs, such as its look at the parameters.
      const { status } = await user.ask(each.path, { unknown: 'x' })
      expect([each.path, status]).toEqual([each.path, 403])
    } else if (each.path in READING) expect((await send(user, each.path, 'GET')).status).toBe(200)
  }
})

test('nothing is changed without the CSRF token, and a GET that needs none changes nothing', async () => {
  await using server = await startServer(MEMORY)
  await givenUser(server, 'alice')
  const admin = await logIn(server, { csrf: true })
  await admin.json('/session/put', { color: 'blue' })
  const before = await stateOf(admin)
  const bare = { CSRFToken: '' }
  for (const each of apis) {
    for (const method of each.methods) {
      const { status, body } = await send(admin, each.path, method, bare)
      const isRead = method === 'GET' && each.path in READING
      expect([each.path, method, isRead ? status : `${status} ${codeOf(body)}`]).toEqual([
        ...[each.path, method],
        isRead ? 200 : '403 csrf_failed',
      ])
      expect([each.path, await stateOf(admin)]).toEqual([each.path, before])
    }
  }
})

test('nothing is changed for a browser that prefetches, or that comes from a page of another site', async () => {
  await using server = await startServer(MEMORY)
  const admin = await logIn(server)
  for (const each of apis.filter(({ path }) => path in CHANGING)) {
    const headers = { referer: 'https://elsewhere.example/page' }
    await expectRefused(admin, each, '403 cross_site', headers)
    expect([each.path, (await admin.ask(each.path, { unknown: 'x' }, headers)).status]).toEqual([
      each.path,
      403,
    ])
    if (!each.methods.includes('GET')) continue
    const { status, body } = await send(admin, each.path, 'GET', { 'sec-purpose': 'prefetch' })
    expect([each.path, `${status} ${codeOf(body)}`]).toEqual([each.path, '403 prefetch_refused'])
  }
})

test('every call answers as its shape in the table says', async () => {
  for (const each of apis.filter(({ answer }) => answer !== undefined)) {
    for (const method of each.methods) {
      // A server for each: some of them end the session or change the password.
      await using server = await startServer(MEMORY)
      await givenUser(server, 'alice')
      const { status, body } = await send(await logIn(server), each.path, method)
      expect([each.path, status]).toEqual([each.path, 200])
      expect(each.answer?.safeParse(JSON.parse(body ?? '')).error?.issues ?? []).toEqual([])
    }
  }
})

test('every page leads a stranger to the login and back, and pages for admins are refused to others', async () => {
  await using server = await startServer(MEMORY)
  const stranger = strangerOf(server)
  const user = await logIn(server, await givenUser(server, 'alice'))
  for (const { path } of pages) {
    const { status, headers } = await stranger.ask(`${path}?uname=alice`)
    expect([path, status, headers.get('location')]).toEqual([
      ...[path, 302],
      `/login?return_to=${encodeURIComponent(`${path}?uname=alice`)}`,
    ])
    const isForAdmins = !['/sessions', '/password', '/console/session'].includes(path)
    expect([path, (await user.ask(`${path}?uname=alice`)).status]).toEqual([path, isForAdmins ? 403 : 200])
  }
})
