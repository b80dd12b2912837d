import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { readConfig } from '../src/config.ts'
import { takeAdminPassword, variableOf } from '../src/environment.ts'
import { settings } from '../src/settings.ts'
import { defaults } from './docs/settings.ts'
import { read, refusal } from './support/settings.ts'

/** Runs with the path of a file that has this content. */
function withFile(content: string | Uint8Array, use: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-secret-'))
  const path = join(folder, 'secret')
  try {
    writeFileSync(path, content)
    use(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('every setting can come from the environment, and means what it means in a file', () => {
  const toml = parse(defaults.every)
  const given = (name: string) =>
    name.split('.').reduce<unknown>((table, key) => (table as Record<string, unknown>)[key], toml)
  const environment = Object.fromEntries(settings.map(({ name }) => [variableOf(name), String(given(name))]))
  expect(Object.values(environment)).not.toContain('undefined')
  expect(readConfig({}, environment)).toEqual(read(defaults.every))
  // No two settings share a variable.
  expect(Object.keys(environment)).toHaveLength(settings.length)
})

test('a list in the environment has commas', () => {
  const listed = (variable: string) => read('', { CLOAKROOM_TRUSTED_PROXIES: variable }).trustedProxies
  expect(listed('10.0.0.0/8')).toEqual(['10.0.0.0/8'])
  expect(listed('10.0.0.0/8, ::1 ,192.0.2.7')).toEqual(['10.0.0.0/8', '::1', '192.0.2.7'])
  expect(listed('')).toEqual([])
  expect(read('return-hosts = ["a.example.com"]', { CLOAKROOM_RETURN_HOSTS: '' }).returnHosts).toEqual([])
  expect(refusal('', { CLOAKROOM_TRUSTED_PROXIES: '::1,proxy' })).toStartWith(
    'entry 2 of CLOAKROOM_TRUSTED_PROXIES must be an address or a network',
  )
  expect(refusal('', { CLOAKROOM_TRUSTED_PROXIES: '::1,' })).toBe(
    'entry 2 of CLOAKROOM_TRUSTED_PROXIES must not be empty.',
  )
})

test('a variable sets one setting of a table and leaves the rest of it to the file', () => {
  const toml = '[session]\nidle = "5m"\nlifetime = "2h"\n[log]\nlevel = "warn"'
  const config = read(toml, { CLOAKROOM_SESSION_IDLE: '90s', CLOAKROOM_LOG_FORMAT: 'json' })
  expect(config).toMatchObject({ idle: 90_000, lifetime: 7_200_000, log: { level: 'warn', format: 'json' } })
})

test('a wrong value in the environment is refused with the name of its variable', () => {
  expect(refusal('', { CLOAKROOM_SESSION_IDLE: '30' })).toStartWith('CLOAKROOM_SESSION_IDLE must be a number')
  expect(refusal('', { CLOAKROOM_LOG_LEVEL: 'loud' })).toStartWith('CLOAKROOM_LOG_LEVEL must be one of debug')
  expect(refusal('', { CLOAKROOM_EVENTS_COUNT_AS_USE: '1' })).toBe(
    'CLOAKROOM_EVENTS_COUNT_AS_USE must be true or false.',
  )
  const postgres = { CLOAKROOM_STORE: 'postgres://u@h/db', CLOAKROOM_LIMITS_KEY: '4 KiB' }
  expect(refusal('', postgres)).toStartWith('CLOAKROOM_LIMITS_KEY must be 2 KiB at most with PostgreSQL')
  expect(refusal('', { CLOAKROOM_REDIS_WAIT_REPLICAS: '1', CLOAKROOM_REDIS_WAIT_TIMEOUT: '1s' })).toEndWith(
    'since CLOAKROOM_REDIS_WAIT_REPLICAS is 1.',
  )
})

test('what may hold a password can be in a file that a variable names', () => {
  withFile('redis://u:p@h:6379 \r\n\n', (path) => {
    expect(read('', { CLOAKROOM_STORE_FILE: path }).store).toBe('redis://u:p@h:6379')
    expect(read('store = "memory:"', { CLOAKROOM_STORE_FILE: path }).store).toStartWith('redis:')
    expect(read('', { CLOAKROOM_STORE_FILE: path }, { store: 'memory:' }).store).toBe('memory:')
    const said = refusal('', { CLOAKROOM_STORE_FILE: path, CLOAKROOM_STORE: 'memory:' })
    expect(said).toMatch(/CLOAKROOM_STORE_FILE.*CLOAKROOM_STORE|CLOAKROOM_STORE.*CLOAKROOM_STORE_FILE/)
    expect(said).toContain('both set')
    expect(takeAdminPassword({ CLOAKROOM_ADMIN_PASSWORD_FILE: path })).toBe('redis://u:p@h:6379')
  })
  withFile('  two words \n', (path) =>
    expect(takeAdminPassword({ CLOAKROOM_ADMIN_PASSWORD_FILE: path })).toBe('  two words'),
  )
  expect(takeAdminPassword({ CLOAKROOM_ADMIN_PASSWORD: 'a ' })).toBe('a ')
  expect(takeAdminPassword({})).toBeNull()
  const environment = { CLOAKROOM_ADMIN_PASSWORD: 'a password', PATH: '/bin' }
  takeAdminPassword(environment)
  // No thread and no program that is begun later inherits it.
  expect(Object.keys(environment)).toEqual(['PATH'])
  expect(() =>
    takeAdminPassword({ CLOAKROOM_ADMIN_PASSWORD: '', CLOAKROOM_ADMIN_PASSWORD_FILE: '/run/secret' }),
  ).toThrow('both set')
})

test('a file of a secret that has none is refused, and what is in it is not repeated', () => {
  const refused = (path: string) => refusal('', { CLOAKROOM_STORE_FILE: path })
  expect(refused('/nowhere/store')).toBe(
    'The file of CLOAKROOM_STORE_FILE /nowhere/store cannot be read (ENOENT). Name a file that exists and that the server may read.',
  )
  expect(refused(tmpdir())).toContain('is a folder')
  withFile(' \n', (path) => expect(refused(path)).toContain('is empty'))
  withFile(Buffer.from('redis://u:hunter\xfc2@h', 'latin1'), (path) =>
    expect(refused(path)).toContain('is not UTF-8'),
  )
  withFile('mysql://u:hunter2@h', (path) => {
    expect(refused(path)).toStartWith('CLOAKROOM_STORE_FILE must be sqlite:PATH')
    expect(refused(path)).not.toContain('hunter')
  })
  expect(() => takeAdminPassword({ CLOAKROOM_ADMIN_PASSWORD_FILE: '/nowhere/p' })).toThrow(
    'CLOAKROOM_ADMIN_PASSWORD_FILE',
  )
})

test('the variables that Kubernetes sets for a service of our name are refused with the remedy', () => {
  for (const variable of ['CLOAKROOM_SERVICE_HOST', 'CLOAKROOM_SERVICE_PORT_HTTP', 'CLOAKROOM_PORT_80_TCP'])
    expect(refusal('', { [variable]: '1' })).toContain('enableServiceLinks')
  expect(refusal('', { CLOAKROOM_PORT: 'tcp://10.0.0.7:80' })).toContain('enableServiceLinks')
})
