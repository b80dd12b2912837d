import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { visit } from './attempt.ts'

const HTTPS = { store: 'memory:', publicUrl: 'https://login.example.com' }

/** The reason and the sentence of a 401. */
async function lackOf(server: TestServer, headers: Record<string, string>, path = '/session/get') {
  const answer = await fetch(server.url + path, { headers })
  const { code, reason, detail } = (await answer.json()) as Record<string, string>
  expect([answer.status, code]).toEqual([401, 'not_logged_in'])
  return [reason, detail]
}

test('a call without a login says which cookie did not come', async () => {
  await using server = await startServer({ store: 'memory:' })
  const missing = ['no_cookie', 'Log in first: no cookie zsessionid came with the request.']
  for (const headers of [
    {},
    { cookie: '' },
    { cookie: 'other=1; xzsessionid=2; zsessionid' },
    { cookie: 'ZSESSIONID=1' },
  ])
    for (const path of ['/session/get', '/session/put?a=1', '/admin/users/list', '/session/events'])
      expect(await lackOf(server, headers as Record<string, string>, path)).toEqual(missing)
})

test('a session that has ended and a token that nobody ever had are answered alike', async () => {
  await using server = await startServer({ store: 'memory:' })
  const client = await logIn(server)
  await client.json('/session/invalidate')
  const ended = ['session_ended', 'Log in again: the session of the cookie zsessionid has ended.']
  expect(await lackOf(server, { cookie: client.cookie })).toEqual(ended)
  expect(await lackOf(server, { cookie: `zsessionid=u${'A'.repeat(43)}` })).toEqual(ended)
  expect(await lackOf(server, { cookie: `${client.cookie}; ${await visit(server)}` })).toEqual(ended)
})

test('a cookie from before a login is told from one that a login gave', async () => {
  await using server = await startServer({ store: 'memory:' })
  const early = [
    'pre_login_cookie',
    'Log in first: the cookie zsessionid is from before a login, and no live session has it. Send the one that the login answers with, or log in with z_csrf_protection=off, which lets a program keep it.',
  ]
  expect(await lackOf(server, { cookie: await visit(server) })).toEqual(early)
  expect(await lackOf(server, { cookie: `zsessionid=p${'A'.repeat(94)}` })).toEqual(early)
})

test('a value that is no token is said to be none', async () => {
  await using server = await startServer({ store: 'memory:' })
  const { cookie } = await logIn(server)
  const [name = '', token = ''] = cookie.split('=')
  for (const value of ['', 'abc', `"${token}"`, token.slice(0, -1), `${token}, other=1`])
    expect(await lackOf(server, { cookie: `${name}=${value}` })).toEqual([
      'malformed_cookie',
      'Log in first: the value of the cookie zsessionid is no token. Send it as it came in Set-Cookie, whole and without quotes.',
    ])
})

test('with an https public URL it is said why the cookie did not come over http or to another name', async () => {
  await using server = await startServer(HTTPS)
  const missing = 'Log in first: no cookie __Host-zsessionid came with the request.'
  const why =
    ' It is Secure: browsers and programs send it over https to https://login.example.com alone, and this request came otherwise.' +
    ' Use that URL, or set the header Cookie yourself.'
  for (const headers of [
    {},
    { host: 'login.example.com', 'x-forwarded-proto': 'http' },
    { host: 'login.example.com:8080' },
  ])
    expect(await lackOf(server, headers as Record<string, string>)).toEqual(['no_cookie', missing + why])
  for (const host of ['login.example.com', 'LOGIN.example.com:443'])
    expect(await lackOf(server, { host, 'x-forwarded-proto': 'https' })).toEqual(['no_cookie', missing])
  const bare = { cookie: (await logIn(server)).cookie.replace('__Host-', '') }
  expect(await lackOf(server, bare)).toEqual([
    'no_cookie',
    `${missing} A cookie zsessionid did, but this server's is called __Host-zsessionid.`,
  ])
})
