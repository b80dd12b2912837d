import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { routes } from '../../src/http/routes.ts'
import { attempt, JSON_ANSWER, RIGHT } from '../http/attempt.ts'
import { givenUser, logIn } from '../support/client.ts'
import { countedBy, METRICS, metricsText, untilTold, valuesIn } from '../support/metrics.ts'
import { describeWithRedis, startRedis, until } from '../support/redis.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** One node also where the other tests have several: each tells of itself. */
const start = (toml = '', store = 'memory:') => startServer({ toml: METRICS + toml, store, nodes: 1 })

const requests = (call: string, status: string) =>
  `cloakroom_http_requests_total{call="${call}",status="${status}"}`

/** What a request without a login counts as: none is answered otherwise than by itself. */
const anonymous: Readonly<Record<string, readonly [call: string, status: string]>> = {
  '/session/put': ['write', '4xx'],
  '/session/get': ['read', '4xx'],
  '/session/delete': ['write', '4xx'],
  '/session/invalidate': ['logout', '4xx'],
  '/session/events': ['account', '4xx'],
  '/session/info': ['account', '4xx'],
  '/session/list': ['account', '4xx'],
  '/session/revoke': ['account', '4xx'],
  '/user/password': ['account', '4xx'],
  '/admin/overview': ['admin', '4xx'],
  '/admin/users/list': ['admin', '4xx'],
  '/admin/sessions/count': ['admin', '4xx'],
  '/admin/log/list': ['admin', '4xx'],
  '/admin/users/get': ['admin', '4xx'],
  '/admin/users/create': ['admin', '4xx'],
  '/admin/users/update': ['admin', '4xx'],
  '/admin/users/delete': ['admin', '4xx'],
  '/admin/sessions/list': ['admin', '4xx'],
  '/admin/sessions/revoke': ['admin', '4xx'],
  '/': ['page', '2xx'],
  '/index.csp': ['page', '2xx'],
  '/login': ['page', '2xx'],
  '/sessions': ['page', '3xx'],
  '/password': ['page', '3xx'],
  '/console/session': ['page', '3xx'],
  '/console/overview': ['page', '3xx'],
  '/console/sessions': ['page', '3xx'],
  '/console/users': ['page', '3xx'],
  '/console/user': ['page', '3xx'],
  '/console/log': ['page', '3xx'],
  '/console/script.js': ['page', '2xx'],
  '/openapi.json': ['page', '2xx'],
  '/.well-known/change-password': ['page', '3xx'],
  '/z_security_check': ['login', '4xx'],
  '/login/logout.csp': ['logout', '3xx'],
  '/healthz': ['health', '2xx'],
  '/readyz': ['health', '2xx'],
  '/nowhere': ['other', '4xx'],
}

test('every path counts as its call, under the class of its status, and once', async () => {
  await using server = await start()
  expect(Object.keys(anonymous).sort()).toEqual(
    [...routes.keys(), '/nowhere'].filter((path) => !path.startsWith('/api/')).sort(),
  )
  for (const path of [...routes.keys(), '/nowhere']) {
    const [call = '', status = ''] = anonymous[path.replace(/^\/api\/\d/, '')] ?? []
    const counted = await countedBy(server, () => fetch(server.url + path, { redirect: 'manual' }))
    expect({ path, ...counted }).toEqual({ path, [requests(call, status)]: 1 })
  }
})

test('a request is in every bucket from its own time on, and its time in the sum', async () => {
  await using server = await start()
  const name = 'cloakroom_http_request_duration_seconds'
  const begun = performance.now()
  for (let i = 0; i < 20; i++) await fetch(`${server.url}/healthz`)
  const took = (performance.now() - begun) / 1_000
  const values = valuesIn(await metricsText(server))
  const buckets = Object.entries(values).filter(([line]) => line.startsWith(`${name}_bucket{call="health"`))
  const counts = buckets.map(([, value]) => value)
  expect(buckets).toHaveLength(34)
  expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  expect(values[`${name}_bucket{call="health",le="+Inf"}`]).toBe(20)
  expect(values[`${name}_count{call="health"}`]).toBe(20)
  expect(values[`${name}_sum{call="health"}`]).toBeGreaterThan(0)
  expect(values[`${name}_sum{call="health"}`]).toBeLessThan(took)
  expect(values[`${name}_count{call="read"}`]).toBe(0)
})

test('a request that takes long is in no bucket below its time', async () => {
  await using server = await start()
  const client = await logIn(server)
  let send = (_: string) => {}
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue('a=1')
      send = (text) => {
        controller.enqueue(text)
        controller.close()
      }
    },
  })
  const answer = fetch(`${server.url}/session/put`, {
    method: 'POST',
    body,
    headers: { cookie: client.cookie, 'content-type': 'application/x-www-form-urlencoded' },
  })
  const begun = performance.now()
  await until(async () => performance.now() - begun > 60)
  send('&b=2')
  expect((await answer).status).toBe(200)
  const values = valuesIn(await metricsText(server))
  const bucket = (le: string) =>
    values[`cloakroom_http_request_duration_seconds_bucket{call="write",le="${le}"}`]
  expect([bucket('0.05'), bucket('+Inf')]).toEqual([0, 1])
})

test('logins are counted by what became of them', async () => {
  await using server = await start('[login]\nuser-attempts = 2\n')
  const wrong = { ...RIGHT, z_password: 'wrong' }
  const outcome = (name: string) => `cloakroom_logins_total{outcome="${name}"}`
  expect(await countedBy(server, () => attempt(server, RIGHT, JSON_ANSWER))).toEqual({
    [outcome('succeeded')]: 1,
    [requests('login', '2xx')]: 1,
  })
  expect(await countedBy(server, () => attempt(server, RIGHT))).toEqual({
    [outcome('succeeded')]: 1,
    [requests('login', '3xx')]: 1,
  })
  // As JSON and as a page: each is answered at a place of its own.
  for (const headers of [JSON_ANSWER, {}]) {
    expect(await countedBy(server, () => attempt(server, wrong, headers))).toEqual({
      [outcome('failed')]: 1,
      [requests('login', '4xx')]: 1,
    })
  }
  for (const headers of [JSON_ANSWER, {}]) {
    expect(await countedBy(server, () => attempt(server, RIGHT, headers))).toEqual({
      [outcome('throttled')]: 1,
      [requests('login', '4xx')]: 1,
    })
  }
})

/** The status of a login, on a connection of its own: `fetch` has no more than 256 at once. */
function statusOfLogin(port: number, uname: string): Promise<number> {
  const form = `z_username=${uname}&z_password=wrong`
  const head = [
    'POST /z_security_check HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\nConnection: close',
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${form.length}`,
  ]
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  let answer = ''
  connect(port, '127.0.0.1')
    .on('data', (bytes) => {
      answer += bytes.toString('latin1')
    })
    .on('close', () => resolve(Number(answer.slice('HTTP/1.1 '.length, 12))))
    .on('error', reject)
    .write(`${head.join('\r\n')}\r\n\r\n${form}`)
  return promise
}

test('logins that find too many waiting are counted as such, each', async () => {
  await using server = await start('[login]\nhashes-at-once = 1\naddress-attempts = 1000000\n')
  let statuses: readonly number[] = []
  const counted = await countedBy(server, async () => {
    const all = Array.from({ length: 800 }, (_, i) => statusOfLogin(server.port, `nobody-${i}`))
    statuses = await Promise.all(all)
  })
  const busy = statuses.filter((status) => status === 503).length
  expect(busy).toBeGreaterThan(0)
  expect(counted).toEqual({
    'cloakroom_logins_total{outcome="busy"}': busy,
    'cloakroom_logins_total{outcome="failed"}': 800 - busy,
    [requests('login', '4xx')]: 800 - busy,
    [requests('login', '5xx')]: busy,
  })
})

test('logouts are counted, whichever way, and not where there was no login', async () => {
  await using server = await start()
  for (const path of ['/session/invalidate', '/login/logout.csp']) {
    const client = await logIn(server)
    expect(await countedBy(server, () => client.ask(path, {}))).toMatchObject({ cloakroom_logouts_total: 1 })
    expect(await countedBy(server, () => client.ask(path, {}))).not.toHaveProperty('cloakroom_logouts_total')
  }
})

test('sessions that somebody ends are counted, each, and nothing where none has ended', async () => {
  await using server = await start()
  const alice = await givenUser(server, 'alice')
  const admin = await logIn(server)
  const revoked = async (work: () => Promise<unknown>) =>
    (await countedBy(server, work))['cloakroom_sessions_revoked_total'] ?? 0
  const first = await logIn(server, alice)
  const { handle } = (await first.json('/session/info')) as { handle: string }
  const second = await logIn(server, alice)
  expect(await revoked(() => second.json('/session/revoke', { handle }))).toBe(1)
  expect(await revoked(() => second.ask('/session/revoke', { handle }))).toBe(0)
  await logIn(server, alice)
  await logIn(server, alice)
  expect(await revoked(() => second.json('/session/revoke', { others: 'true' }))).toBe(2)
  expect(await revoked(() => second.json('/session/revoke', { others: 'true' }))).toBe(0)
  await logIn(server, alice)
  const change = { old: alice.password, new: 'another long password' }
  expect(await revoked(() => second.json('/user/password', change))).toBe(1)
  expect(await revoked(() => admin.json('/admin/sessions/revoke', { uname: 'alice' }))).toBe(1)
  const again = { uname: 'alice', password: 'another long password' }
  await logIn(server, again)
  await logIn(server, again)
  const disabled = { uname: 'alice', disabled: 'true' }
  expect(await revoked(() => admin.json('/admin/users/update', disabled))).toBe(2)
  const enabled = { uname: 'alice', disabled: 'false' }
  expect(await revoked(() => admin.json('/admin/users/update', enabled))).toBe(0)
  await logIn(server, again)
  expect(await revoked(() => admin.json('/admin/users/delete', { uname: 'alice' }))).toBe(1)
})

test('one that is ended from the page is counted too', async () => {
  await using server = await start()
  const client = await logIn(server)
  const { handle } = (await (await logIn(server)).json('/session/info')) as { handle: string }
  const counted = await countedBy(server, () => client.ask('/sessions', { handle }))
  expect(counted).toEqual({ cloakroom_sessions_revoked_total: 1, [requests('page', '3xx')]: 1 })
})

test('refusals that are worth watching are counted by their codes, and no others', async () => {
  await using server = await start()
  const alice = await givenUser(server, 'alice')
  const protectedOne = await logIn(server, { ...alice, csrf: true })
  const refused = async (work: () => Promise<unknown>) =>
    Object.entries(await countedBy(server, work)).filter(([line]) => line.includes('refusals'))
  const one = (code: string): [string, number][] => [[`cloakroom_refusals_total{code="${code}"}`, 1]]
  expect(await refused(() => protectedOne.ask('/session/put', { a: '1' }, { CSRFToken: 'wrong' }))).toEqual(
    one('csrf_failed'),
  )
  const elsewhere = { 'sec-fetch-site': 'cross-site' }
  expect(await refused(() => protectedOne.ask('/session/get', null, elsewhere))).toEqual(one('cross_site'))
  expect(await refused(() => protectedOne.ask('/admin/users/list'))).toEqual(one('role_missing'))
  const guess = { old: 'a wrong password', new: 'another long password' }
  expect(await refused(() => protectedOne.ask('/user/password', guess))).toEqual(one('wrong_password'))
  expect(await refused(() => protectedOne.ask('/session/put', { CSRFToken: 'x' }))).toEqual([])
})

test('uses that wait are told, and the store is up', async () => {
  await using server = await start()
  // The clock stands still, so only the very first use is written at once.
  for (let i = 0; i < 3; i++) await (await logIn(server)).json('/session/get')
  const values = valuesIn(await metricsText(server))
  expect(values).toMatchObject({ cloakroom_session_uses_waiting: 2, cloakroom_store_up: 1 })
})

test('live sessions and the size of the store are told, as they were measured last', async () => {
  await using server = await startServer({ toml: METRICS, store: 'sqlite' })
  await untilTold(server, (values) => values['cloakroom_sessions'] === 0)
  await logIn(server)
  await logIn(server)
  await untilTold(server, (values) => values['cloakroom_sessions'] === 2)
  expect(valuesIn(await metricsText(server))['cloakroom_store_bytes']).toBeGreaterThan(4_096)
})

test('passwords that wait for their turn are told', async () => {
  await using server = await startServer({
    toml: `${METRICS}[login]\nhashes-at-once = 1\n`,
    store: 'memory:',
    nodes: 1,
    slowHashes: true,
  })
  const all = Array.from({ length: 8 }, (_, i) => attempt(server, { ...RIGHT, z_username: `nobody-${i}` }))
  const most = { seen: 0 }
  const watch = async (server: TestServer) => {
    const values = valuesIn(await metricsText(server))
    most.seen = Math.max(most.seen, values['cloakroom_password_hashes_waiting'] ?? 0)
  }
  const answered = Promise.all(all).then(() => true)
  while (!(await Promise.race([answered, watch(server).then(() => false)]))) if (most.seen > 0) break
  expect(most.seen).toBeGreaterThan(0)
  expect(most.seen).toBeLessThan(8)
  await answered
  expect(valuesIn(await metricsText(server))['cloakroom_password_hashes_waiting']).toBe(0)
})

describeWithRedis('metrics of a store that is away', () => {
  test('are told all the same, and say so', async () => {
    await using redis = await startRedis()
    await using server = await start('[redis]\ntimeout = "200ms"\n', redis.url)
    const client = await logIn(server)
    await redis.kill()
    const counted = await countedBy(server, async () => {
      expect((await client.ask('/session/get')).status).toBe(503)
    })
    expect(counted).toEqual({
      [requests('read', '5xx')]: 1,
      'cloakroom_store_faults_total{code="store_unavailable"}': 1,
    })
    expect(valuesIn(await metricsText(server))['cloakroom_store_up']).toBe(0)
  })
})
