import { expect, test } from 'bun:test'
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
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', '0:0:0:0:0:0:0:1', 'localhost', 'LOCALHOST'])
    expect(read('', {}, { host }).hostname).toBe(host)
})
