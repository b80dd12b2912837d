import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer, type TestServer } from '../support/server.ts'
import { attempt, cookieOf, visit } from './attempt.ts'

const BOB = { z_username: 'bob', z_password: 'first secret of bob' }

/** What must never be in the log: all that the scenario below sends or gets that is a secret. */
async function everythingHappens(server: TestServer): Promise<readonly string[]> {
  const admin = await logIn(server)
  const guarded = await logIn(server, { csrf: true })
  const preLogin = await visit(server)
  await admin.json('/admin/users/create', { uname: 'bob', password: BOB.z_password })
  await attempt(server, { ...BOB, z_csrf_protection: 'off' }, { cookie: preLogin })
  const cookie = cookieOf(await attempt(server, BOB))
  await attempt(server, { ...BOB, z_password: 'wrong secret of bob' })
  for (let i = 0; i < 6; i++) await attempt(server, { ...BOB, z_password: `guess ${i} of secret` })
  await guarded.json('/session/put', { 'secret key': 'secret value', other: 'secret other' })
  await guarded.json('/session/get?key=secret+key&key=CSRFToken')
  await guarded.ask(`/session/put?CSRFToken=${guarded.csrfToken}&a=secret+value`)
  await guarded.ask('/session/put', { a: 'secret value' }, { CSRFToken: 'wrong' })
  await guarded.ask('/session/put?a=secret+value', null, { 'sec-fetch-site': 'cross-site' })
  await guarded.ask('/session/put', 'a=%zzsecret+value')
  await guarded.ask('/session/put?a=secret+value&b=%00')
  await fetch(`${server.url}/z_security_check?z_password=secret+value`, { method: 'POST' })
  await fetch(`${server.url}/admin/users/list`, { headers: { cookie } })
  await admin.ask('/user/password', { old: 'wrong secret of admin', new: 'next secret of admin' })
  await admin.json('/user/password', { old: ADMIN_PASSWORD, new: 'next secret of admin' })
  await admin.json('/admin/users/update', { uname: 'bob', password: 'second secret of bob' })
  const again = await logIn(server, { password: 'next secret of admin' })
  const { handle } = (await again.json('/session/info')) as { handle: string }
  await admin.json('/session/revoke', { handle })
  await admin.json('/session/revoke', { others: 'true' })
  await admin.json('/admin/users/delete', { uname: 'bob' })
  await admin.json('/admin/sessions/revoke', { uname: 'admin' })
  const last = await logIn(server, { password: 'next secret of admin' })
  await last.json('/session/invalidate')
  const cookies = [admin, guarded, again, last].map((client) => client.cookie)
  const tokens = [...cookies, cookie, preLogin].map((each) => each.split('=')[1] ?? '')
  return [...tokens, guarded.csrfToken ?? '', ADMIN_PASSWORD, 'secret', 'argon2']
}

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
  await using server = await startServer({ toml: '[login]\nuser-attempts = 5\n' })
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
    expect(line).toMatchObject({ level: 40, address: '127.0.0.1', uname: expect.any(String) })
  }
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
