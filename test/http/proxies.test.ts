import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { openShell } from '../support/curl.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { attempt, JSON_ANSWER, RIGHT } from './attempt.ts'

const BEHIND_PROXY =
  'trusted-proxies = ["127.0.0.1", "10.0.0.0/8", "::FFFF:192.168.0.0/112", "2001:DB8:F::0:0/48"]\n'

const from = (address: string) => ({ ...JSON_ANSWER, 'x-forwarded-for': address })

async function addressAfterLogin(server: TestServer, header: string): Promise<string> {
  const answer = await attempt(server, RIGHT, from(header))
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
  const list = await fetch(`${server.url}/session/list`, { headers: { cookie } })
  const { sessions } = (await list.json()) as { sessions: { address: string; current: boolean }[] }
  return sessions.find(({ current }) => current)?.address ?? ''
}

test('a session remembers the address that the trusted proxies saw, in its one spelling', async () => {
  const addresses: Record<string, string> = {
    '203.0.113.9': '203.0.113.9',
    '1.2.3.4, 203.0.113.9': '203.0.113.9',
    '203.0.113.9, 10.0.0.1': '203.0.113.9',
    '203.0.113.9, ::ffff:10.0.0.1': '203.0.113.9',
    '203.0.113.9, ::ffff:a00:1': '203.0.113.9',
    '203.0.113.9, 192.168.0.7': '203.0.113.9',
    '203.0.113.9, 192.169.0.7': '192.169.0.7',
    '203.0.113.9, 2001:db8:f:1::1': '203.0.113.9',
    '203.0.113.9:52345': '203.0.113.9',
    '"203.0.113.9"': '203.0.113.9',
    '"203.0.113.9:52345"': '203.0.113.9',
    '203.0.113.9, 10.0.0.1:443 ,': '203.0.113.9',
    ' 203.0.113.9 ,, , ': '203.0.113.9',
    '::ffff:cb00:7109': '203.0.113.9',
    '[::ffff:203.0.113.9]:443': '203.0.113.9',
    '2001:db8::1': '2001:db8::1',
    '2001:DB8:0:0::1': '2001:db8::1',
    '[2001:db8::1]': '2001:db8::1',
    '[2001:db8::1]:443': '2001:db8::1',
    '"[2001:db8::1]:443"': '2001:db8::1',
    'fe80::1%eth0': 'fe80::1',
    '10.0.0.1': '10.0.0.1',
    '203.0.113.9, garbage': '127.0.0.1',
    '203.0.113.9, unknown, 10.0.0.1': '10.0.0.1',
    '203.0.113.9, [10.0.0.1]': '127.0.0.1',
    '203.0.113.9, 10.0.0.1:x': '127.0.0.1',
    '203.0.113.9, "10.0.0.1': '127.0.0.1',
    ',': '127.0.0.1',
    '': '127.0.0.1',
  }
  await using trusting = await startServer({ store: 'memory:', toml: BEHIND_PROXY })
  await using direct = await startServer({ store: 'memory:' })
  for (const [header, address] of Object.entries(addresses)) {
    expect([header, await addressAfterLogin(trusting, header)]).toEqual([header, address])
  }
  expect(await addressAfterLogin(direct, '203.0.113.9')).toBe('127.0.0.1')
})

test('of several lines of X-Forwarded-For the last entry counts, as of one', async () => {
  await using server = await startServer({ store: 'memory:', toml: BEHIND_PROXY })
  using shell = openShell()
  const lines = ['198.51.100.1, 198.51.100.2', '', '203.0.113.9:1, 10.0.0.1'].flatMap((line) => [
    '-H',
    line === '' ? 'X-Forwarded-For;' : `X-Forwarded-For: ${line}`,
  ])
  const fields = Object.entries(RIGHT).flatMap(([name, value]) => ['--data-urlencode', `${name}=${value}`])
  await shell.curl('-c', 'jar', ...lines, ...fields, `${server.url}/z_security_check`)
  const { sessions } = JSON.parse(await shell.curl('-b', 'jar', `${server.url}/session/list`))
  expect(sessions).toMatchObject([{ address: '203.0.113.9' }])
})

test('sessions are found by an address in whatever spelling', async () => {
  await using server = await startServer({ store: 'memory:', toml: BEHIND_PROXY })
  const admin = await logIn(server)
  await attempt(server, RIGHT, from('[2001:DB8::1]:443'))
  await attempt(server, RIGHT, from('203.0.113.9'))
  const found = async (address: string) => {
    const query = new URLSearchParams({ address })
    const { sessions } = (await admin.json(`/admin/sessions/list?${query}`)) as {
      sessions: { address: string }[]
    }
    return sessions.map((each) => each.address)
  }
  for (const each of ['2001:db8::1', '2001:DB8:0:0::1', '2001:db8:0:0:0:0:0:1', ' 2001:db8::1 '])
    expect([each, await found(each)]).toEqual([each, ['2001:db8::1']])
  for (const each of ['203.0.113.9', '::ffff:cb00:7109', '::FFFF:203.0.113.9'])
    expect([each, await found(each)]).toEqual([each, ['203.0.113.9']])
  expect(await found('nowhere')).toEqual([])
})

/** Warnings about proxies, with what they say. */
const warnings = (server: TestServer) =>
  server.log
    .map((line) => JSON.parse(line) as { event: string; level: number; address?: string; msg: string })
    .filter(({ event }) => ['untrusted_proxy', 'public_url_http', 'unreadable_forwarded_for'].includes(event))

test('a proxy that is not trusted is warned of once, with the line to set', async () => {
  await using server = await startServer({ store: 'memory:', toml: 'trusted-proxies = ["10.0.0.0/8"]\n' })
  await fetch(`${server.url}/healthz`)
  expect(warnings(server)).toEqual([])
  for (let i = 0; i < 3; i++)
    await fetch(`${server.url}/session/get`, { headers: { 'x-forwarded-for': '203.0.113.9' } })
  expect(warnings(server)).toMatchObject([{ event: 'untrusted_proxy', level: 40, address: '127.0.0.1' }])
  expect(warnings(server)[0]?.msg).toContain('set: trusted-proxies = ["10.0.0.0/8", "127.0.0.1"]')
})

test('a request that came over https is warned of once while the public URL is http', async () => {
  await using server = await startServer({ store: 'memory:', toml: BEHIND_PROXY })
  for (let i = 0; i < 3; i++) {
    await fetch(`${server.url}/login`, {
      headers: { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.9', host: 'login.example.org' },
    })
  }
  expect(warnings(server)).toMatchObject([{ event: 'public_url_http', level: 40, address: '127.0.0.1' }])
  expect(warnings(server)[0]?.msg).toContain('public-url = "https://login.example.org"')
})

test('a browser on https shows it by itself, also where the proxy adds no header', async () => {
  for (const headers of [
    { origin: 'https://login.example.org', host: 'login.example.org' },
    { origin: 'https://login.example.org', 'sec-fetch-site': 'same-origin' },
  ]) {
    await using server = await startServer({ store: 'memory:' })
    await attempt(server, RIGHT, headers)
    expect(warnings(server)).toMatchObject([{ event: 'public_url_http' }])
    expect(warnings(server)[0]?.msg).toContain('public-url = "https://login.example.org"')
  }
})

test('an untrusted proxy with https is warned of in both ways, and a host that is none is not repeated', async () => {
  await using server = await startServer({ store: 'memory:' })
  const headers = { 'x-forwarded-proto': ' HTTPS, http', 'x-forwarded-host': 'a"b' }
  await fetch(`${server.url}/`, { headers })
  expect(warnings(server).map(({ event }) => event)).toEqual(['untrusted_proxy', 'public_url_http'])
  expect(warnings(server)[0]?.msg).toContain('trusted-proxies = ["127.0.0.1"]')
  expect(warnings(server)[1]?.msg).toContain('public-url = "https://login.example.com"')
})

test('an entry of X-Forwarded-For that is no address is warned of once, cut to a bounded length', async () => {
  await using server = await startServer({ store: 'memory:', toml: BEHIND_PROXY })
  for (let i = 0; i < 3; i++) {
    const headers = from(`203.0.113.9, ${'x'.repeat(4_000)}`)
    await fetch(`${server.url}/session/get`, { headers })
  }
  expect(warnings(server)).toMatchObject([{ event: 'unreadable_forwarded_for', address: '127.0.0.1' }])
  const { msg = '' } = warnings(server)[0] ?? {}
  expect(msg).toContain('"xxxxxxxx')
  expect(msg.length).toBeLessThan(400)
})

test('nothing is warned of where the settings fit the proxy', async () => {
  await using server = await startServer({
    store: 'memory:',
    toml: BEHIND_PROXY,
    publicUrl: 'https://login.example.org',
  })
  await attempt(server, RIGHT, { ...from('203.0.113.9'), 'x-forwarded-proto': 'https' })
  await attempt(server, RIGHT, { ...from(''), origin: 'https://login.example.org' })
  expect(warnings(server)).toEqual([])
})
