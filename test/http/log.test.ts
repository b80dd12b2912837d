import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer } from '../support/server.ts'
import { everythingHappens } from './everything.ts'

test('the log never holds a token, a password, a CSRF token or anything of an attribute', async () => {
  await using server = await startServer({ toml: '[log]\nlevel = "debug"\n[login]\nuser-attempts = 5\n' })
  const secrets = await everythingHappens(server)
  expect(server.log.length).toBeGreaterThan(15)
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(5)
    expect(server.log.filter((line) => line.includes(secret))).toEqual([])
  }
})

test('the log has every event of security, with the user, the address and the handle', async () => {
  // Each node counts the repeats that it sees.
  await using server = await startServer({ nodes: 1, toml: '[login]\nuser-attempts = 5\n' })
  await everythingHappens(server)
  const lines = server.log.map((line) => JSON.parse(line) as Record<string, unknown>)
  const events = new Set(lines.map(({ event }) => event))
  for (const event of [
    ...['start', 'user_create', 'user_update', 'user_delete', 'login', 'logout', 'login_failed'],
    ...['login_throttled', 'password_change', 'revoke', 'revoke_others', 'refused'],
  ]) {
    expect(events).toContain(event)
  }
  const about = (event: string) => lines.filter((line) => line['event'] === event)
  for (const line of [...about('login'), ...about('logout'), ...about('password_change')]) {
    expect(line).toMatchObject({
      uname: expect.stringMatching(/^(admin|bob)$/),
      address: '127.0.0.1',
      handle: expect.stringMatching(/^[\w-]{22}$/),
      requestId: expect.stringMatching(/^[\w-]{36}$/),
    })
  }
  for (const line of [...about('login_failed'), ...about('login_throttled')]) {
    expect(line).toMatchObject({ level: 40, address: '127.0.0.1' })
  }
  // What is no name of a user is in no log: it may be a password.
  // And one line is enough for what repeats.
  expect(about('login_failed').map((line) => line['uname'])).toEqual(['bob', undefined])
  expect(about('login_throttled').map((line) => line['uname'])).toEqual(['bob', undefined])
  for (const line of about('refused')) {
    expect(line).toMatchObject({
      code: expect.stringMatching(/^(csrf_failed|cross_site|role_missing|wrong_password)$/),
    })
  }
  expect(about('user_delete')).toEqual([expect.objectContaining({ admin: 'admin', uname: 'bob' })])
})

test('the handle in the log is the one that the lists show', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const { handle } = (await client.json('/session/info')) as { handle: string }
  await client.json('/session/invalidate')
  const named = server.log.map((line) => JSON.parse(line)).filter((line) => line.handle === handle)
  expect(named.map(({ event }) => event)).toEqual(['login', 'logout'])
})

test('reading and writing attributes leaves no line in the log', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const { length } = server.log
  for (const call of ['put?a=b', 'get', 'delete', 'info', 'list']) await client.json(`/session/${call}`)
  expect(server.log).toHaveLength(length)
})

test('a change of the password that lacks one of the two is malformed, and no refused password', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  for (const fields of [{ old: ADMIN_PASSWORD }, { new: 'a longer horse' }, { old: '', new: '' }, {}]) {
    const answer = await client.ask('/user/password', new URLSearchParams(fields).toString())
    expect((await answer.json()) as object).toMatchObject({ status: 400, code: 'missing_parameter' })
  }
  expect(server.log.filter((line) => line.includes('password_refused'))).toEqual([])
  await client.ask('/user/password', { old: 'a guess', new: 'a longer horse' })
  expect(server.log.filter((line) => line.includes('password_refused'))).toHaveLength(1)
})

test('a flood that needs no login is one line, and at the stop one more with its number', async () => {
  const server = await startServer({ store: 'memory:', nodes: 1, toml: '[log]\nlevel = "debug"\n' })
  const calls: readonly (readonly [path: string, init: RequestInit])[] = [
    ['/session/put?a=b', { headers: { 'sec-fetch-site': 'cross-site' } }],
    ['/session/get', { headers: { host: 'elsewhere.example' } }],
    [
      '/z_security_check',
      { method: 'POST', body: new URLSearchParams({ z_username: 'nobody', z_password: '' }) },
    ],
  ]
  const statuses = new Set<number>()
  for (let i = 0; i < 110; i++)
    for (const [path, init] of calls) statuses.add((await fetch(server.url + path, init)).status)
  expect(statuses).toContain(429)
  const before = server.log.length
  await (await server.restart())[Symbol.asyncDispose]()
  const lines = server.log.map(
    (line) => JSON.parse(line) as { event: string; more?: number; network?: string },
  )
  expect(before).toBeLessThan(10)
  const summaries = lines.filter(({ more }) => more !== undefined)
  for (const { network } of summaries) expect(network).toBe('127.0.0.1')
  const events = lines.filter(({ event }) => /^(refused|login)/.test(event))
  expect(events.reduce((sum, { more = 1 }) => sum + more, 0)).toBe(3 * 110)
  expect(lines.at(-1)).toMatchObject({ event: 'stop' })
})
