import { expect, test } from 'bun:test'
import { openPlace } from './support/process.ts'
import { read, refusal } from './support/settings.ts'

test('listening beyond this machine takes trusted proxies or somebody who says so, and the refusal names where it was set', () => {
  const https = 'public-url = "https://login.example.com"'
  expect(refusal('', {}, { host: '0.0.0.0' })).toStartWith('--host 0.0.0.0 ')
  expect(refusal('', { CLOAKROOM_HOST: '::' })).toStartWith('CLOAKROOM_HOST :: ')
  expect(refusal('host = "192.0.2.7"')).toStartWith('host in FILE 192.0.2.7 ')
  expect(refusal('host = "127.0.0.1.example.com"')).toContain('plain http')
  // The public URL says what the proxy speaks, and not who may connect.
  expect(refusal(https, {}, { host: '0.0.0.0' })).toContain('trusted-proxies = [')
  expect(refusal('trusted-proxies = ["10.0.0.7", "::/0"]', {}, { host: '0.0.0.0' })).toContain('::/0')
  const closed = 'trusted-proxies = ["10.0.0.7"]'
  expect(read(closed, {}, { host: '0.0.0.0' })).toMatchObject({ hostname: '0.0.0.0', onlyProxies: true })
  const open = { host: '0.0.0.0', 'allow-plain-http': 'true' }
  expect(read(closed, {}, open).onlyProxies).toBe(false)
  expect(read(closed).onlyProxies).toBe(false)
  expect(read('', {}, { host: '0.0.0.0', 'allow-plain-http': 'true' }).hostname).toBe('0.0.0.0')
  expect(refusal('', {}, { host: '0.0.0.0', 'allow-plain-http': 'false' })).toContain('plain http')
})

for (const [typed, host] of [
  ['127.0.0.1', '127.0.0.1'],
  ['127.1', '127.0.0.1'],
  ['::1', '::1'],
  ['[::1]', '::1'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['localhost', 'localhost'],
  ['LOCALHOST', 'localhost'],
  ['localhost.', 'localhost'],
] as const) {
  test(`--host ${typed} is this machine, and is called ${host}`, () => {
    expect(read('', {}, { host: typed }).hostname).toBe(host)
    const metrics = `${typed.includes(':') && !typed.startsWith('[') ? `[${typed}]` : typed}:9464`
    expect(read('', {}, { metrics }).metrics).toEqual({ hostname: host, port: 9464 })
  })
}

for (const typed of ['::', '0.0.0.0', '0', '128.1', 'example.com', '::ffff:10.0.0.1']) {
  test(`--host ${typed} is not this machine alone`, () => {
    expect(refusal('', {}, { host: typed })).toContain('plain http')
  })
}

test('a server listens on each spelling of this machine, and its log has a URL that leads there', async () => {
  await using place = openPlace()
  const servers = ['[::1]', '127.1', 'LOCALHOST'].map(async (host, i) => {
    const server = await place.serve(['--host', host, '--data', `data-${i}`])
    const [, url = ''] = await server.said(/listens on (http:\S+?)"/)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    return url.replace(/\d+$/, 'PORT')
  })
  expect(await Promise.all(servers)).toEqual([
    'http://[::1]:PORT',
    'http://127.0.0.1:PORT',
    'http://localhost:PORT',
  ])
})
