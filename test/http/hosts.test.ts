import { expect, test } from 'bun:test'
import { networkInterfaces } from 'node:os'
import { logIn } from '../support/client.ts'
import { METRICS, metricsUrl } from '../support/metrics.ts'
import { sendRaw } from '../support/raw.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { RIGHT } from './attempt.ts'

/** Status and code of a request under a name. */
async function answerTo(server: TestServer, host: string, path = '/session/get') {
  const answer = await fetch(server.url + path, { headers: { host } })
  const text = await answer.text()
  return [host, answer.status, answer.status < 400 ? null : (JSON.parse(text).code as string)]
}

const MISDIRECTED = [421, 'misdirected_request']
const OURS = [401, 'not_logged_in']

const expectAnswers = async (
  server: TestServer,
  hosts: readonly string[],
  expected: readonly (string | number | null)[],
) => {
  for (const host of hosts) expect(await answerTo(server, host)).toEqual([host, ...expected])
}

test('with a public URL, its host, further hosts and the loopback names are served, and no other', async () => {
  const toml = 'hosts = ["login.internal", "10.0.0.5"]\n'
  await using server = await startServer({ store: 'memory:', publicUrl: 'https://login.example.com', toml })
  const ours = [
    'login.example.com',
    'LOGIN.example.com.',
    'login.example.com:8443',
    'login.internal',
    '10.0.0.5:1',
  ]
  await expectAnswers(server, ours, OURS)
  await expectAnswers(
    server,
    ['localhost', 'localhost:3000', '127.0.0.1', '127.1.2.3:80', '[::1]:8080'],
    OURS,
  )
  const others = ['evil.example', 'login.example.com.evil.example', 'example.com', '10.0.0.6', 'cloakroom']
  await expectAnswers(server, others, MISDIRECTED)
  await expectAnswers(
    server,
    ['login.example.com:x', 'login.example.com, evil.example', 'a@login.example.com'],
    MISDIRECTED,
  )
})

test('without a public URL, addresses and names that no stranger can own are served', async () => {
  await using server = await startServer({ store: 'memory:', toml: 'hosts = ["login.example.com"]\n' })
  const ours = [
    'localhost:1',
    'app.localhost',
    '192.168.1.7:8080',
    '[fd00::2]',
    'cloakroom:8080',
    'login.test',
  ]
  await expectAnswers(server, [...ours, 'cloak.lan', 'box.local', 'login.example.com'], OURS)
  await expectAnswers(
    server,
    ['evil.example:8080', 'evil.com', 'localhost.evil.example', 'test.evil.com.'],
    MISDIRECTED,
  )
})

test('a foreign name reaches neither the login nor a page, and the answer says what to set', async () => {
  await using server = await startServer({ store: 'memory:', publicUrl: 'http://login.example.com:8080' })
  const headers = { host: 'evil.example:8080', origin: 'http://evil.example:8080' }
  const login = await fetch(`${server.url}/z_security_check`, {
    method: 'POST',
    body: new URLSearchParams(RIGHT),
    headers,
    redirect: 'manual',
  })
  expect([login.status, login.headers.get('set-cookie')]).toEqual([421, null])
  const { detail } = (await login.json()) as { detail: string }
  for (const part of ['evil.example:8080', 'login.example.com', 'hosts = ["evil.example"]'])
    expect(detail).toContain(part)
  const page = await fetch(`${server.url}/login`, { headers: { ...headers, accept: 'text/html' } })
  expect([page.status, page.headers.get('set-cookie')]).toEqual([421, null])
  expect(await page.text()).not.toContain('z_password')
  // What is repeated of a header is short and harmless.
  const { answers } = await sendRaw(
    server.port,
    `GET /session/get HTTP/1.1\r\nHost: <b>"'${'x'.repeat(500)}\r\nConnection: close\r\n\r\n`,
  )
  expect(answers[0]?.status).toBe(421)
  expect(answers[0]?.body).not.toContain('<b>')
  expect((JSON.parse(answers[0]?.body ?? '') as { detail: string }).detail.length).toBeLessThan(200)
  const line = server.log.map((each) => JSON.parse(each)).find(({ code }) => code === 'misdirected_request')
  expect(line).toMatchObject({ event: 'refused_foreign', path: '/z_security_check' })
})

test('health checks may ask by any name, and a request of HTTP/1.0 needs none', async () => {
  await using server = await startServer({ store: 'memory:', publicUrl: 'https://login.example.com' })
  for (const path of ['/healthz', '/readyz'])
    expect(await answerTo(server, '10.0.0.6', path)).toEqual(['10.0.0.6', 200, null])
  const { answers } = await sendRaw(server.port, 'GET /session/get HTTP/1.0\r\n\r\n')
  expect(answers[0]?.status).toBe(401)
})

test('metrics are told under addresses and names that no stranger can own', async () => {
  await using server = await startServer({
    store: 'memory:',
    nodes: 1,
    toml: `hosts = ["prom.example.com"]\n${METRICS}`,
  })
  const statusOf = async (host: string) => [
    host,
    (await fetch(metricsUrl(server), { headers: { host } })).status,
  ]
  for (const host of ['localhost', '10.0.0.6:9464', 'cloakroom:9464', 'prom.example.com'])
    expect(await statusOf(host)).toEqual([host, 200])
  expect(await statusOf('evil.example')).toEqual(['evil.example', 421])
})

/** An address of this machine that is not a loopback address. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address

test.skipIf(outside === undefined)(
  'where only trusted proxies may connect, others are refused and hung up on',
  async () => {
    const toml = (proxy: string) => `host = "0.0.0.0"\ntrusted-proxies = ["${proxy}"]\n`
    const publicUrl = 'https://login.example.com'
    await using closed = await startServer({ store: 'memory:', publicUrl, nodes: 1, toml: toml('10.9.9.9') })
    const headers = { host: 'login.example.com' }
    const at = (server: TestServer, path: string) => `http://${outside}:${server.port}${path}`
    for (const path of ['/session/get', '/login', '/healthz', '/nowhere']) {
      const answer = await fetch(at(closed, path), { headers })
      expect([path, answer.status, answer.headers.get('connection')]).toEqual([path, 403, 'close'])
      expect(await answer.json()).toMatchObject({
        code: 'untrusted_peer',
        detail: expect.stringContaining(`${outside}`),
      })
    }
    const login = await fetch(at(closed, '/z_security_check'), {
      method: 'POST',
      headers,
      body: new URLSearchParams(RIGHT),
    })
    expect([login.status, login.headers.get('set-cookie')]).toEqual([403, null])
    expect((await fetch(`${closed.url}/session/get`)).status).toBe(401)
    await logIn(closed)
    await using open = await startServer({ store: 'memory:', publicUrl, nodes: 1, toml: toml(`${outside}`) })
    expect((await fetch(at(open, '/session/get'), { headers })).status).toBe(401)
  },
)
