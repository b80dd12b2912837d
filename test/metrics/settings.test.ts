import { expect, test } from 'bun:test'
import { read, refusal } from '../support/settings.ts'

for (const wrong of [
  '""',
  '9464',
  '"9464"',
  '":9464"',
  '"127.0.0.1"',
  '"127.0.0.1:"',
  '"127.0.0.1:65536"',
  '"127.0.0.1:-1"',
  '"127.0.0.256:9464"',
  '"::1:9464"',
  '"[127.0.0.1]:9464"',
  '"[::1]"',
  '"http://127.0.0.1:9464"',
  '"127.0.0.1:9464/metrics"',
]) {
  test(`refused in a file: metrics = ${wrong}`, () => {
    expect(refusal(`metrics = ${wrong}`)).toBe('metrics in FILE must be HOST:PORT, such as 127.0.0.1:9464.')
  })
}

test('metrics are told beyond this machine only if somebody says so, and the refusal names where it was set', () => {
  expect(read('').metrics).toBeNull()
  const beyond = 'metrics = "0.0.0.0:9464"'
  expect(refusal(beyond)).toStartWith('metrics in FILE 0.0.0.0 would ')
  expect(refusal('', { CLOAKROOM_METRICS: '[::]:9464' })).toStartWith('CLOAKROOM_METRICS :: would ')
  expect(refusal('', {}, { metrics: 'metrics.example.com:9464' })).toStartWith(
    '--metrics metrics.example.com ',
  )
  // A proxy with https stands before the other listener, and not before this one.
  expect(refusal(`public-url = "https://login.example.com"\n${beyond}`)).toContain('--allow-plain-http')
  const allowed = read(`allow-plain-http = true\n${beyond}`)
  expect(allowed.metrics).toEqual({ hostname: '0.0.0.0', port: 9464 })
  for (const hostname of ['127.0.0.1', 'localhost'])
    expect(read('', {}, { metrics: `${hostname}:0` }).metrics).toEqual({ hostname, port: 0 })
  expect(read('metrics = "[::1]:65535"').metrics).toEqual({ hostname: '::1', port: 65_535 })
})
