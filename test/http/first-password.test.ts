import { expect, test } from 'bun:test'
import { type Client, logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'

const OWN = 'a password of my own choice'

async function startFresh(): Promise<{ server: TestServer; password: string }> {
  const given = { password: '' }
  const server = await startServer({
    store: 'memory:',
    announce(_, password) {
      given.password = password
    },
  })
  return { server, ...given }
}

/** What a call is answered with: the status, and the code of a problem. */
async function answerOf(client: Client, path: string, body: Record<string, string> | null = null) {
  const answer = await client.ask(path, body)
  const { code } = (await answer.json()) as { code?: string }
  return [answer.status, code]
}

const REFUSED = [403, 'password_change_needed']

test('a program that logs in with the first password can do nothing but change it, see who it is, and log out', async () => {
  const { server, password } = await startFresh()
  await using _ = server
  for (const csrf of [true, false]) {
    const client = await logIn(server, { password, csrf })
    for (const prefix of ['', '/api/1', '/api/2']) {
      for (const path of ['get', 'get?key=a', 'get?key=a&key=CSRFToken', 'list'])
        expect(await answerOf(client, `${prefix}/session/${path}`)).toEqual(REFUSED)
      expect(await answerOf(client, `${prefix}/session/put`, { a: '1' })).toEqual(REFUSED)
      expect(await answerOf(client, `${prefix}/session/delete`, {})).toEqual(REFUSED)
      expect(await answerOf(client, `${prefix}/session/revoke`, { others: 'true' })).toEqual(REFUSED)
      expect(await answerOf(client, `${prefix}/admin/users/list`)).toEqual(REFUSED)
      expect(await answerOf(client, `${prefix}/admin/users/create`, { uname: 'a', password: OWN })).toEqual(
        REFUSED,
      )
      expect(await client.json(`${prefix}/session/info`)).toMatchObject({
        uname: 'admin',
        passwordChangeNeeded: true,
      })
    }
    expect(await client.json('/session/invalidate', {})).toEqual({})
    expect(await answerOf(client, '/session/info')).toEqual([401, 'not_logged_in'])
  }
})

test('the answer to a login with the first password says so, and an own password opens the session and ends the others', async () => {
  const { server, password } = await startFresh()
  await using _ = server
  const answer = await fetch(`${server.url}/z_security_check`, {
    method: 'POST',
    body: new URLSearchParams({ z_username: 'admin', z_password: password }),
    headers: { accept: 'application/json' },
  })
  expect([answer.status, await answer.json()]).toEqual([200, { passwordChangeNeeded: true }])

  const [client, other] = [await logIn(server, { password, csrf: true }), await logIn(server, { password })]
  expect(await answerOf(client, '/user/password', { old: password, new: password })).toEqual([
    400,
    'invalid_parameter',
  ])
  expect(await answerOf(client, '/user/password', { old: 'guessed wrong', new: OWN })).toEqual([
    403,
    'wrong_password',
  ])
  expect(await client.json('/user/password', { old: password, new: OWN })).toEqual({ ended: 2 })
  expect(await client.json('/session/put', { a: '1' })).toEqual({})
  expect(await client.json('/session/info')).toMatchObject({ passwordChangeNeeded: false })
  expect(await client.json('/admin/users/list')).toMatchObject({ users: [{ uname: 'admin' }] })
  expect(await answerOf(other, '/session/info')).toEqual([401, 'not_logged_in'])

  const again = await fetch(`${server.url}/z_security_check`, {
    method: 'POST',
    body: new URLSearchParams({ z_username: 'admin', z_password: OWN }),
    headers: { accept: 'application/json' },
  })
  expect([again.status, await again.json()]).toEqual([200, {}])
})

test('a browser is led to the page of the password, and from every other page too, until the user has chosen', async () => {
  const { server, password } = await startFresh()
  await using _ = server
  const login = await fetch(`${server.url}/z_security_check`, {
    method: 'POST',
    body: new URLSearchParams({ z_username: 'admin', z_password: password, return_to: '/sessions' }),
    redirect: 'manual',
  })
  expect([login.status, login.headers.get('location')]).toEqual([302, '/password'])
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  const visit = (path: string) => fetch(server.url + path, { headers: { cookie }, redirect: 'manual' })
  for (const path of ['/', '/index.csp', '/login', '/sessions', '/console/users', '/console/log']) {
    const { status, headers } = await visit(path)
    expect([status, headers.get('location')]).toEqual([302, '/password'])
  }
  const page = await visit('/password')
  const html = await page.text()
  expect([page.status, html.includes('This is your first password.')]).toEqual([200, true])

  const [, csrfToken = ''] = /name="CSRFToken" value="([^"]+)"/.exec(html) ?? []
  const changed = await fetch(`${server.url}/password`, {
    method: 'POST',
    headers: { cookie },
    body: new URLSearchParams({ CSRFToken: csrfToken, old: password, new: OWN }),
    redirect: 'manual',
  })
  expect(changed.status).toBe(303)
  expect((await visit('/sessions')).status).toBe(200)
  expect(await (await visit('/password')).text()).not.toContain('This is your first password.')
})

test('a program that would keep its pre-login cookie gets a token of its own for a first password', async () => {
  const { server, password } = await startFresh()
  await using _ = server
  const before = await fetch(`${server.url}/index.csp`)
  const cookie = before.headers.get('set-cookie')?.split(';')[0] ?? ''
  const login = await fetch(`${server.url}/z_security_check`, {
    method: 'POST',
    body: new URLSearchParams({ z_username: 'admin', z_password: password, z_csrf_protection: 'off' }),
    headers: { cookie },
    redirect: 'manual',
  })
  expect(login.status).toBe(302)
  expect((await fetch(`${server.url}/session/get`, { headers: { cookie } })).status).toBe(401)
})

test('a password from the operator is no first one', async () => {
  await using server = await startServer({ store: 'memory:' })
  const client = await logIn(server)
  expect(await client.json('/session/info')).toMatchObject({ passwordChangeNeeded: false })
  expect(await client.json('/session/put', { a: '1' })).toEqual({})
})
