import { expect, test } from 'bun:test'
import { resolve } from 'node:path'
import type { Flags } from '../src/config.ts'
import { read, refusal } from './support/settings.ts'

const port = 'must be a whole number from 0 to 65535'
const url = 'must be http:// or https:// and a host'
const store = 'must be sqlite:PATH'
const truth = 'must be true or false'
const network = 'must be an address or a network, such as 10.0.0.0/8'
const host = 'must be a host, such as app.example.com'
const domain = 'must be a domain that its owner can share a cookie in, such as example.com'
const time = 'such as "30m"'
const size = 'such as "64 KiB"'
const table = 'must be a table'
const address = 'must be HOST:PORT, such as 127.0.0.1:9464'
const many = 'must be a whole number from 1 to 1000000'

/** Lines of a file, the setting that is wrong in them, and what would be right. */
const wrong: readonly (readonly [toml: string, setting: string, right: string])[] = [
  ['port = -1', 'port', port],
  ['port = 65536', 'port', port],
  ['port = 8080.5', 'port', port],
  ['port = "eighty"', 'port', port],
  ['port = ""', 'port', port],
  ['port = "0x10"', 'port', port],
  ['port = "08"', 'port', port],
  ['port = true', 'port', port],
  ['port = []', 'port', port],
  ['port = nan', 'port', port],
  ['port = inf', 'port', port],
  ['port = 2026-01-01', 'port', port],
  ['host = ""', 'host', 'must not be empty'],
  ['host = 1', 'host', 'must be a text'],
  ['data = ""', 'data', 'must not be empty'],
  ['data = 1', 'data', 'must be a text'],
  ['store = ""', 'store', 'must not be empty'],
  ['store = 1', 'store', 'must be a text'],
  ['store = "sqlite:"', 'store', store],
  ['store = "sqlite::memory:"', 'store', store],
  ['store = "postgres://localhost"', 'store', store],
  ['store = "postgres://user:pass@localhost"', 'store', store],
  ['[postgres]\ntimeout = "99ms"', 'postgres.timeout', 'must be from 100ms to 1m'],
  ['[postgres]\ntimeout = "61s"', 'postgres.timeout', 'must be from 100ms to 1m'],
  ['[postgres]\ntimeout = 1', 'postgres.timeout', time],
  ['[postgres]\nconnections = 1', 'postgres.connections', 'must be a whole number from 2 to 1000'],
  ['store = "postgres://user@localhost/db"\nlimits.key = "2049 B"', 'limits.key', '2 KiB at most'],
  ['store = "mysql://localhost"', 'store', store],
  ['store = "/var/lib/store.db"', 'store', 'sqlite:/var/lib/store.db'],
  ['store = "./x.db"', 'store', 'sqlite:./x.db'],
  ['public-url = ""', 'public-url', 'must not be empty'],
  ['public-url = 1', 'public-url', 'must be a text'],
  ['public-url = "login.example.com"', 'public-url', url],
  ['public-url = "ftp://login.example.com"', 'public-url', url],
  ['public-url = "https://login.example.com/path"', 'public-url', url],
  ['public-url = "https://login.example.com/?q=1"', 'public-url', url],
  ['public-url = "https://login.example.com/#here"', 'public-url', url],
  ['public-url = "https://user@login.example.com"', 'public-url', url],
  ['public-url = "https://:pass@login.example.com"', 'public-url', url],
  ['allow-plain-http = "yes"', 'allow-plain-http', truth],
  ['allow-plain-http = 1', 'allow-plain-http', truth],
  ['trusted-proxies = "10.0.0.0/8"', 'trusted-proxies', 'must be a list'],
  ['trusted-proxies = ["proxy"]', 'entry 1 of trusted-proxies', network],
  ['trusted-proxies = ["::1", "10.0.0.0/33"]', 'entry 2 of trusted-proxies', network],
  ['trusted-proxies = ["::1/129"]', 'entry 1 of trusted-proxies', network],
  ['trusted-proxies = ["10.0.0.0/"]', 'entry 1 of trusted-proxies', network],
  ['trusted-proxies = ["10.0.0.0/8/8"]', 'entry 1 of trusted-proxies', network],
  ['return-hosts = "app.example.com"', 'return-hosts', 'must be a list'],
  ['return-hosts = ["https://app.example.com"]', 'entry 1 of return-hosts', host],
  ['return-hosts = ["app.example.com/path"]', 'entry 1 of return-hosts', host],
  ['return-hosts = ["*.example.com/"]', 'entry 1 of return-hosts', host],
  ['return-hosts = [1]', 'entry 1 of return-hosts', 'must be a text'],
  ['hosts = "app.example.com"', 'hosts', 'must be a list'],
  ['hosts = ["app.example.com:8443"]', 'entry 1 of hosts', 'must be a host without a port'],
  ['hosts = ["*.example.com/"]', 'entry 1 of hosts', 'must be a host without a port'],
  ['hsts = "yes"', 'hsts', 'must be one of off, host, subdomains'],
  ['clear-site-data = 1', 'clear-site-data', truth],
  ['cookie = 1', 'cookie', table],
  ['cookie.name = 1', 'cookie.name', 'must '],
  ['cookie.name = ""', 'cookie.name', 'must '],
  ['cookie.name = "a b"', 'cookie.name', 'must be letters, digits, - and _'],
  ['cookie.name = "a=b"', 'cookie.name', 'must be letters, digits, - and _'],
  ['cookie.name = "__Host-sid"', 'cookie.name', 'must be letters, digits, - and _'],
  ['cookie.domain = 1', 'cookie.domain', 'must be a text'],
  ['cookie.domain = "com"', 'cookie.domain', domain],
  ['cookie.domain = "co.uk"', 'cookie.domain', domain],
  ['cookie.domain = "github.io"\npublic-url = "https://a.github.io"', 'cookie.domain', domain],
  ['cookie.domain = "localhost"', 'cookie.domain', domain],
  ['cookie.domain = "192.0.2.7"', 'cookie.domain', domain],
  ['cookie.domain = "example.com; Secure"', 'cookie.domain', domain],
  ['session = "30m"', 'session', table],
  ['session = []', 'session', table],
  ['session.idle = 30', 'session.idle', time],
  ['session.idle = "30"', 'session.idle', time],
  ['session.idle = "30 minutes"', 'session.idle', time],
  ['session.idle = "0s"', 'session.idle', time],
  ['session.idle = "-1m"', 'session.idle', time],
  ['session.idle = "1h30m"', 'session.idle', time],
  ['session.idle = "5 constructor"', 'session.idle', time],
  ['session.lifetime = "forever"', 'session.lifetime', time],
  ['session.lifetime = "99999999999999d"', 'session.lifetime', 'the year 9999'],
  ['session.lifetime = "2800001d"', 'session.lifetime', 'must be 2800000d at most'],
  ['session.idle = "99000000d"', 'session.idle', 'the year 9999'],
  ['session.idle = "1ms"', 'session.idle', 'must be 100ms at least'],
  ['session.lifetime = "99ms"', 'session.lifetime', 'must be 100ms at least'],
  ['session.fresh = "100000000d"', 'session.fresh', 'the year 9999'],
  ['limits = 1', 'limits', table],
  ['limits.key = 256', 'limits.key', size],
  ['limits.key = "256"', 'limits.key', size],
  ['limits.value = "64 KB"', 'limits.value', size],
  ['limits.session = "0 MiB"', 'limits.session', size],
  ['limits.body = ""', 'limits.body', size],
  ['limits.body = "1023 B"', 'limits.body', 'must be 1 KiB at least'],
  ['limits.session = "2 GiB"', 'limits.session', 'must be 1 GiB at most'],
  ['limits.value = "99999999999999 GiB"', 'limits.value', 'must be 1 GiB at most'],
  ['limits.attributes = 0', 'limits.attributes', many],
  ['limits.attributes = 1000001', 'limits.attributes', many],
  ['limits.attributes = true', 'limits.attributes', many],
  ['login = true', 'login', table],
  ['login.hashes-at-once = 0', 'login.hashes-at-once', 'must be a whole number from 1 to 64'],
  ['login.hashes-at-once = 65', 'login.hashes-at-once', 'must be a whole number from 1 to 64'],
  ['login.user-attempts = 0', 'login.user-attempts', many],
  ['login.user-window = 5', 'login.user-window', time],
  ['login.user-window = "25h"', 'login.user-window', '1d'],
  ['login.address-attempts = -1', 'login.address-attempts', many],
  ['login.address-window = "5"', 'login.address-window', time],
  ['login.address-window = "40d"', 'login.address-window', '1d'],
  ['log = "info"', 'log', table],
  ['log.level = "verbose"', 'log.level', 'must be one of debug, info, warn, error, silent'],
  ['log.level = 30', 'log.level', 'must be one of debug, info, warn, error, silent'],
  ['log.format = "xml"', 'log.format', 'must be one of auto, text, json'],
]

for (const [toml, setting, right] of wrong) {
  test(`refused in a file: ${toml}`, () => {
    const said = refusal(toml)
    expect(said).toStartWith(`${setting} in FILE must `)
    expect(said).toContain(right)
    expect(said).toEndWith('.')
  })
}

/** Settings that have a flag and a variable, a wrong value of each, and what would be right. */
const wrongText = [
  ['port', 'CLOAKROOM_PORT', '65536', port],
  ['port', 'CLOAKROOM_PORT', '', port],
  ['port', 'CLOAKROOM_PORT', ' 80', port],
  ['port', 'CLOAKROOM_PORT', '1e3', port],
  ['host', 'CLOAKROOM_HOST', '', 'must not be empty'],
  ['data', 'CLOAKROOM_DATA', '', 'must not be empty'],
  ['store', 'CLOAKROOM_STORE', 'mysql://localhost', store],
  ['public-url', 'CLOAKROOM_PUBLIC_URL', 'example.com', url],
  ['allow-plain-http', 'CLOAKROOM_ALLOW_PLAIN_HTTP', '1', truth],
  ['metrics', 'CLOAKROOM_METRICS', '9464', address],
] as const

for (const [setting, variable, value, right] of wrongText) {
  test(`refused as a flag and in the environment: ${setting} ${JSON.stringify(value)}`, () => {
    expect(refusal('', {}, { [setting]: value })).toStartWith(`--${setting} ${right}`)
    expect(refusal('', { [variable]: value })).toStartWith(`${variable} ${right}`)
  })
}

test('a setting that does not exist is refused wherever it stands, with where to find those that do', () => {
  for (const [toml, setting, meant] of [
    ['prot = 8080', 'prot', 'port'],
    ['session.timeout = "1h"', 'session.timeout'],
    ['session.idel = "1h"', 'session.idel', 'session.idle'],
    ['[cookie]\nsecure = true', 'cookie.secure'],
    ['config = "other.toml"', 'config'],
    ['admin-password = "secret"', 'admin-password'],
    ['"__proto__" = 1', '__proto__'],
  ] as const) {
    const hint = meant === undefined ? '' : ` Did you mean ${meant}?`
    expect(refusal(toml)).toBe(
      `There is no setting ${setting} in FILE.${hint} docs/operating.md lists them all.`,
    )
  }
  for (const [variable, meant] of [
    ['CLOAKROOM_PROT', 'CLOAKROOM_PORT'],
    ['CLOAKROOM_SESSION_IDEL', 'CLOAKROOM_SESSION_IDLE'],
    ['CLOAKROOM_SESSION.IDLE', 'CLOAKROOM_SESSION_IDLE'],
    ['CLOAKROOM_ADMIN_PASWORD', 'CLOAKROOM_ADMIN_PASSWORD'],
    ['CLOAKROOM_STORE_FILES', 'CLOAKROOM_STORE_FILE'],
  ]) {
    expect(refusal('', { [variable as string]: '1' })).toBe(
      `There is no setting ${variable}. Did you mean ${meant}? docs/operating.md lists them all.`,
    )
  }
  for (const variable of ['CLOAKROOM_', 'CLOAKROOM_LOG', 'CLOAKROOM_FAVOURITE_COLOUR', 'CLOAKROOM___PROTO__'])
    expect(refusal('', { [variable]: '1' })).toStartWith(`There is no setting ${variable}. `)
  expect(refusal('', {}, { prot: '8080' } as Flags)).toStartWith('There is no setting --prot.')
})

test('replicas have less time to confirm than the whole answer has, where they are waited for', () => {
  const waiting = '[redis]\nwait-replicas = 1\n'
  const said = (wait: string, whole: string) =>
    `redis.wait-timeout, which is ${wait}, must be less than redis.timeout, which is ${whole}, since redis.wait-replicas in FILE is 1.`
  expect(refusal(`${waiting}wait-timeout = "1s"`)).toBe(said('1000ms', '800ms'))
  expect(refusal(`${waiting}wait-timeout = "800ms"`)).toBe(said('800ms', '800ms'))
  expect(refusal(`${waiting}timeout = "500ms"`)).toBe(said('500ms', '500ms'))
  expect(read(`${waiting}wait-timeout = "799ms"`).redis.replicaTimeout).toBe(799)
  expect(read('[redis]\nwait-timeout = "1s"\ntimeout = "200ms"').redis.timeout).toBe(200)
})

test('variables that are none of ours are left alone', () => {
  expect(read('', { PORT: '1', cloakroom_port: '2', XCLOAKROOM_PORT: '3' }).port).toBe(8080)
  expect(read('', { CLOAKROOM_ADMIN_PASSWORD: 'x', CLOAKROOM_PORT: undefined }).port).toBe(8080)
})

test('metrics are not told where the server itself listens', () => {
  const said = refusal('', {}, { port: '9464', metrics: '127.0.0.1:9464' })
  expect(said).toStartWith('--metrics 127.0.0.1:9464 is where the server itself listens.')
  expect(refusal('port = 9464\nhost = "::1"\nmetrics = "[::1]:9464"')).toStartWith(
    'metrics in FILE ::1:9464 is where',
  )
  expect(read('', {}, { port: '0', metrics: '127.0.0.1:0' }).metrics?.port).toBe(0)
  expect(read('host = "::1"', {}, { port: '9464', metrics: '127.0.0.1:9464' }).metrics?.port).toBe(9464)
})

test('a cookie domain that is not one of the server is refused, and its remedy said', () => {
  for (const [given, publicUrl] of [
    ['example.org', 'https://login.example.com'],
    ['example.com', 'https://badexample.com'],
    ['login.example.com', 'https://example.com'],
  ]) {
    const said = refusal(`cookie.domain = "${given}"\npublic-url = "${publicUrl}"`)
    expect(said).toContain(
      `cookie.domain ${given} is not a domain of ${new URL(publicUrl as string).hostname}`,
    )
    expect(said).toContain('--public-url')
  }
  expect(refusal('cookie.domain = "example.com"')).toContain('is not a domain of 127.0.0.1')
})

test('a flag beats the environment, which beats the file, which beats the default', () => {
  const toml = 'port = 1\ndata = "/file"\nstore = "sqlite:/file.db"\npublic-url = "https://file.example.com"'
  const environment = { CLOAKROOM_PORT: '2', CLOAKROOM_DATA: '/environment', CLOAKROOM_STORE: 'memory:' }
  expect(read('')).toMatchObject({
    port: 8080,
    hostname: '127.0.0.1',
    data: resolve('data'),
    publicUrl: null,
  })
  expect(read('').store).toBe(`sqlite:${resolve('data/cloakroom.db')}`)
  expect(read(toml)).toMatchObject({ port: 1, data: '/file', store: 'sqlite:/file.db' })
  expect(read(toml, environment)).toMatchObject({ port: 2, data: '/environment', store: 'memory:' })
  const all = read(toml, environment, { port: '3', 'public-url': 'https://flag.example.com' })
  expect(all).toMatchObject({ port: 3, data: '/environment' })
  expect(all.publicUrl?.origin).toBe('https://flag.example.com')
  // What is beaten has to be right all the same: it would be found out at the worst moment.
  expect(refusal('port = -1', { CLOAKROOM_PORT: '2' }, { port: '3' })).toStartWith('port in FILE')
})

test('the flag that names the file beats the variable that does', () => {
  expect(read('port = 1', { CLOAKROOM_CONFIG: '/nowhere.toml' }).port).toBe(1)
})

test('every setting of a file arrives, and what is left out has its default', () => {
  const sections = [
    'trusted-proxies = ["10.0.0.0/8", "::1"]\nreturn-hosts = ["app.example.com", "localhost:3000"]',
    'public-url = "https://login.example.com"\nallow-plain-http = true\nmetrics = "[::1]:9464"',
    '[cookie]\nname = "my-sid"\ndomain = ".example.com"',
    '[session]\nidle = "90s"\nlifetime = "1.5 h"',
    '[limits]\nkey = "64 B"\nvalue = "1KiB"\nattributes = 7\nsession = "2 mib"\nbody = "1GiB"',
    '[login]\nhashes-at-once = 2\nuser-attempts = 3\nuser-window = "500ms"\naddress-attempts = 4\naddress-window = "1d"',
    '[log]\nlevel = "debug"\nformat = "text"',
    '[postgres]\ntimeout = "2s"\nconnections = 3',
  ]
  expect(read(sections.join('\n'))).toMatchObject({
    trustedProxies: ['10.0.0.0/8', '::1'],
    returnHosts: ['app.example.com', 'localhost:3000'],
    metrics: { hostname: '::1', port: 9464 },
    cookie: { name: 'my-sid', domain: 'example.com' },
    idle: 90_000,
    lifetime: 5_400_000,
    limits: { key: 64, value: 1_024, attributes: 7, session: 2_097_152, body: 1_073_741_824 },
    login: { 'hashes-at-once': 2, 'user-attempts': 3, 'user-window': 500, 'address-attempts': 4 },
    log: { level: 'debug', format: 'text' },
    postgres: { timeout: 2_000, connections: 3 },
  })
  expect(read('login.address-window = "1d"').login['address-window']).toBe(86_400_000)
  expect(read('limits.key = "1 KiB"')).toMatchObject({
    cookie: { name: 'zsessionid', domain: null },
    idle: 1_800_000,
    lifetime: 43_200_000,
    limits: { key: 1_024, value: 65_536, attributes: 1_024, session: 1_048_576, body: 1_048_576 },
    log: { level: 'info', format: 'auto' },
    postgres: { timeout: 1_000, connections: 8 },
  })
})
