import { expect, test } from 'bun:test'
import { givenUser, logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer } from '../support/server.ts'
import { attempt, cookieOf, JSON_ANSWER, RIGHT, statusOf } from './attempt.ts'

test('a right login leads to the front page, with the cookie of a session', async () => {
  await using server = await startServer()
  const answer = await attempt(server, RIGHT)
  expect(answer.status).toBe(302)
  expect(answer.headers.get('location')).toBe('/index.csp')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  const front = await fetch(`${server.url}/index.csp`, { headers: { cookie: cookieOf(answer) } })
  expect(front.status).toBe(200)
  expect(await front.text()).toContain('You are logged in.')
  expect(front.headers.get('set-cookie')).toBeNull()
})

test('a program that asks for JSON gets an empty object, or a problem', async () => {
  await using server = await startServer()
  const right = await attempt(server, RIGHT, JSON_ANSWER)
  expect([right.status, await right.text()]).toEqual([200, '{}'])
  const wrong = await attempt(server, { ...RIGHT, z_password: 'wrong' }, JSON_ANSWER)
  expect(wrong.status).toBe(401)
  expect(wrong.headers.get('www-authenticate')).toContain('zsessionid')
  expect(await wrong.json()).toMatchObject({ status: 401, code: 'wrong_credentials' })
})

test('a login can be sent as JSON', async () => {
  await using server = await startServer()
  const body = JSON.stringify({ ...RIGHT, z_csrf_protection: 'off' })
  const headers = { ...JSON_ANSWER, 'content-type': 'application/json' }
  const answer = await fetch(`${server.url}/z_security_check`, { method: 'POST', body, headers })
  expect(answer.status).toBe(200)
  const cookie = cookieOf(answer)
  const info = await fetch(`${server.url}/session/info`, { headers: { cookie } })
  expect(await info.json()).toMatchObject({ uname: 'admin', csrfProtection: false })
})

test('protection is on unless the login turns it off, and a word that says neither is refused', async () => {
  await using server = await startServer()
  const seen: Record<string, unknown> = {}
  const protectionOf = async (answer: Response) => {
    if (answer.status === 400) return ((await answer.json()) as { code: string }).code
    const info = await fetch(`${server.url}/session/info`, { headers: { cookie: cookieOf(answer) } })
    return ((await info.json()) as { csrfProtection: boolean }).csrfProtection
  }
  const headers = { accept: 'application/json' }
  for (const word of ['off', 'OFF', 'False', 'on', 'TRUE', '', '0', 'no', 'offf', ' off'])
    seen[word] = await protectionOf(await attempt(server, { ...RIGHT, z_csrf_protection: word }, headers))
  for (const value of [false, true, 'off', 0]) {
    const body = JSON.stringify({ ...RIGHT, z_csrf_protection: value })
    const request = { method: 'POST', body, headers: { ...headers, 'content-type': 'application/json' } }
    seen[JSON.stringify(value)] = await protectionOf(await fetch(`${server.url}/z_security_check`, request))
  }
  const refused = 'invalid_parameter'
  expect(seen).toEqual({
    ...{ off: false, OFF: false, False: false, on: true, TRUE: true },
    ...{ '': refused, '0': refused, no: refused, offf: refused, ' off': refused },
    ...{ false: false, true: true, '"off"': false },
  })
})

test('a wrong login gets the same answer whether the user exists or not, or is disabled', async () => {
  await using server = await startServer()
  const disabled = await givenUser(server, 'carol', { disabled: 'true' })
  const wrong = [
    { z_username: 'admin', z_password: 'wrong' },
    { z_username: 'nobody', z_password: ADMIN_PASSWORD },
    { z_username: 'ADMIN', z_password: ADMIN_PASSWORD },
    { z_username: 'carol', z_password: disabled.password },
    { z_username: 'admin', z_password: '' },
  ]
  const seen = new Set<string>()
  for (const fields of wrong) {
    for (const headers of [JSON_ANSWER, { accept: 'text/html' }]) {
      const answer = await attempt(server, fields, headers)
      const body = (await answer.text()).replace(`value="${fields.z_username}"`, 'value="NAME"')
      seen.add(JSON.stringify([answer.status, Object.fromEntries(headersOf(answer)), body]))
    }
  }
  expect([...seen].map((each) => JSON.parse(each)[0])).toEqual([401, 401])
  expect([...seen].join()).toContain('The user name or the password is wrong.')
})

/** The headers that do not differ by time and length. */
const headersOf = (answer: Response) =>
  [...answer.headers].filter(([name]) => name !== 'date' && name !== 'content-length')

test('a wrong login sets no cookie, and leaves the session that came with it alone', async () => {
  await using server = await startServer()
  const { cookie } = await logIn(server)
  const answer = await attempt(server, { ...RIGHT, z_password: 'wrong' }, { cookie })
  expect([answer.status, answer.headers.get('set-cookie')]).toEqual([401, null])
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(await answer.text()).toContain('action="z_security_check"')
  expect(await statusOf(server, cookie)).toBe(200)
})

test('the login page shows a name as text, whatever it holds', async () => {
  await using server = await startServer()
  const uname = `"><script>alert(1)</script>'&`
  const page = await (await attempt(server, { z_username: uname, z_password: 'x', return_to: uname })).text()
  expect(page).not.toContain('<script')
  expect(page).toContain('value="&quot;>&lt;script>')
  const other = await fetch(`${server.url}/login?return_to=${encodeURIComponent(uname)}`)
  expect(await other.text()).not.toContain('<script')
})

test('passwords in the URL are refused, and GET is no login', async () => {
  await using server = await startServer()
  const query = new URLSearchParams(RIGHT)
  const get = await fetch(`${server.url}/z_security_check?${query}`)
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
  const post = await fetch(`${server.url}/z_security_check?${query}`, { method: 'POST' })
  expect(post.status).toBe(400)
  expect(post.headers.get('set-cookie')).toBeNull()
  expect(server.log.join()).not.toContain(ADMIN_PASSWORD)
})

test('a login answers with a new token, and the sessions that came with it are dead', async () => {
  await using server = await startServer()
  const [one, other] = [await logIn(server), await logIn(server, { csrf: true })]
  await one.json('/session/put', { a: 'b' })
  for (const fields of [RIGHT, { ...RIGHT, z_csrf_protection: 'off' }]) {
    const answer = await attempt(server, fields, { cookie: `${one.cookie}; ${other.cookie}` })
    const cookie = cookieOf(answer)
    expect([one.cookie, other.cookie]).not.toContain(cookie)
    expect(await statusOf(server, one.cookie)).toBe(401)
    expect(await statusOf(server, other.cookie)).toBe(401)
    expect(await (await fetch(`${server.url}/session/get`, { headers: { cookie } })).json()).toEqual({})
  }
})

test('a token that a stranger made up never becomes one of the server', async () => {
  await using server = await startServer()
  for (const letter of ['s', 'u', 'p']) {
    const planted = `zsessionid=${letter}${'A'.repeat(letter === 'p' ? 94 : 43)}`
    for (const fields of [RIGHT, { ...RIGHT, z_csrf_protection: 'off' }]) {
      expect(cookieOf(await attempt(server, fields, { cookie: planted }))).not.toBe(planted)
      expect(await statusOf(server, planted)).toBe(401)
    }
  }
})

test('a password may hold any characters, from 8 characters to 1,024 bytes, and is never cut', async () => {
  await using server = await startServer()
  const admin = await logIn(server)
  const passwords = ['12ab\0 ü🐦', '🐦🐤🐦🐤🐦🐦🐦🐤', '  blanks', 'éü'.repeat(256)]
  for (const [i, password] of passwords.entries()) {
    await admin.json('/admin/users/create', { uname: `u${i}`, password })
    const login = (z_password: string) => attempt(server, { z_username: `u${i}`, z_password }, JSON_ANSWER)
    expect((await login(password)).status).toBe(200)
    expect((await login(password.slice(0, -1))).status).toBe(401)
  }
})

test('a user changes the own password under the same rules, and only with the old one', async () => {
  await using server = await startServer()
  const { uname, password } = await givenUser(server, 'bob')
  const bob = await logIn(server, { uname, password })
  const change = async (old: string, next: string) => {
    const answer = await bob.ask('/user/password', { old, new: next })
    return ((await answer.json()) as { code?: string }).code ?? answer.status
  }
  expect(await change('wrong', 'quite a long one')).toBe('wrong_password')
  expect(await change(password, '1234567')).toBe('password_too_short')
  expect(await change(password, 'é'.repeat(513))).toBe('password_too_long')
  expect(await change(password, 'Password123')).toBe('password_too_common')
  expect((await attempt(server, { z_username: uname, z_password: password })).status).toBe(302)
  expect(await change(password, '8 chars!')).toBe(200)
  expect((await attempt(server, { z_username: uname, z_password: password })).status).toBe(401)
  expect((await attempt(server, { z_username: uname, z_password: '8 chars!' })).status).toBe(302)
})
