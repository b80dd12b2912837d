import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { METRICS, metricsUrl } from '../support/metrics.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { RIGHT } from './attempt.ts'

const NOTHING = "default-src 'none'; frame-ancestors 'none'"
const HSTS = 'strict-transport-security'

const secure = (toml = '') =>
  startServer({ store: 'memory:', nodes: 1, publicUrl: 'https://login.example.com', toml })

/** One request of each kind of answer that the server gives. */
async function answersOf(server: TestServer): Promise<readonly (readonly [string, Response])[]> {
  const { ask, cookie } = await logIn(server)
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(server.url + path, { method, headers, redirect: 'manual' })
  const etag = (await ask('/session/get')).headers.get('etag') ?? ''
  return [
    ['get', await ask('/session/get')],
    ['put', await ask('/session/put', { a: '1' })],
    [
      '304',
      await ask('/session/get', null, {
        'if-none-match': (await ask('/session/get')).headers.get('etag') ?? etag,
      }),
    ],
    ['info', await ask('/api/2/session/info')],
    ['401', await get('/session/get')],
    ['403', await ask('/session/get', null, { 'sec-fetch-site': 'cross-site' })],
    ['404', await get('/nothing')],
    ['404 page', await get('/nothing', { accept: 'text/html' })],
    ['405', await get('/healthz', {}, 'DELETE')],
    ['415', await ask('/session/put', 'x', { 'content-type': 'text/plain' })],
    ['421', await get('/session/get', { host: 'evil.example' })],
    ['stream', await ask('/session/events')],
    ['health', await get('/healthz')],
    ['health by HEAD', await get('/readyz', {}, 'HEAD')],
    ['script', await get('/console/script.js')],
    ['login page', await get('/login')],
    ['page', await get('/sessions', { cookie })],
    ['302', await get('/sessions')],
    [
      '401 page',
      await fetch(`${server.url}/z_security_check`, {
        method: 'POST',
        body: new URLSearchParams({ ...RIGHT, z_password: 'x' }),
      }),
    ],
    ['logout', await ask('/login/logout.csp')],
  ]
}

test('every answer forbids to be framed, read by other origins or taken for another type, and is for https alone', async () => {
  await using server = await secure()
  for (const [kind, { headers, body }] of await answersOf(server)) {
    expect([kind, headers.get('x-content-type-options')]).toEqual([kind, 'nosniff'])
    expect([kind, headers.get('cross-origin-resource-policy')]).toEqual([kind, 'same-origin'])
    expect([kind, headers.get(HSTS)]).toEqual([kind, 'max-age=31536000'])
    const policy = headers.get('content-security-policy')
    if (kind.endsWith('page'))
      expect([kind, policy]).toEqual([kind, expect.stringContaining("form-action 'self'")])
    else expect([kind, policy]).toEqual([kind, NOTHING])
    await body?.cancel()
  }
})

test('Strict-Transport-Security is what the settings say, and not sent by a server of plain http', async () => {
  for (const [toml, value] of [
    ['hsts = "off"\n', null],
    ['hsts = "subdomains"\n', 'max-age=31536000; includeSubDomains'],
  ] as const) {
    await using server = await secure(toml)
    for (const path of ['/login', '/healthz', '/session/get'])
      expect([toml, path, (await fetch(server.url + path)).headers.get(HSTS)]).toEqual([toml, path, value])
  }
  await using plain = await startServer({ store: 'memory:' })
  expect((await fetch(`${plain.url}/login`)).headers.get(HSTS)).toBeNull()
})

test('metrics have the same headers, but for Strict-Transport-Security', async () => {
  await using server = await secure(METRICS)
  for (const url of [metricsUrl(server), `${metricsUrl(server)}/nothing`]) {
    const { headers } = await fetch(url)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
    expect(headers.get('content-security-policy')).toBe(NOTHING)
  }
})

test('the logout of our own pages clears what the browser keeps of the origin, and that of others only if they ask', async () => {
  await using server = await secure()
  await using kept = await secure('clear-site-data = false\n')
  await using plain = await startServer({ store: 'memory:' })
  const clearedBy = async (at: TestServer, form: Record<string, string>) =>
    (await (await logIn(at)).ask('/login/logout.csp', form)).headers.get('clear-site-data')
  const page = await (await logIn(server)).ask('/sessions')
  const asking = await (await logIn(server)).ask('/login/logout.csp', null, {
    'sec-fetch-site': 'cross-site',
  })
  for (const html of [await page.text(), await asking.text()])
    expect(html).toContain('name="clear" value="true"')
  expect(await clearedBy(server, { clear: 'true' })).toBe('"cache", "storage"')
  expect(await clearedBy(server, {})).toBeNull()
  expect(await clearedBy(kept, { clear: 'true' })).toBeNull()
  expect(await clearedBy(plain, { clear: 'true' })).toBeNull()
  const byLink = await (await logIn(server)).ask('/login/logout.csp?clear=true')
  expect([byLink.status, byLink.headers.get('clear-site-data')]).toEqual([302, null])
})
