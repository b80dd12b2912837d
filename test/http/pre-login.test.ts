import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'
import { attempt, cookieOf, RIGHT, statusOf, visit } from './attempt.ts'

const PROGRAM = { ...RIGHT, z_csrf_protection: 'off' }
const TEN_MINUTES = 10 * 60_000

test('a program that turns protection off keeps the cookie that it fetched before', async () => {
  await using server = await startServer()
  for (const path of ['/index.csp', '/login', '/']) {
    const cookie = await visit(server, path)
    expect(await statusOf(server, cookie)).toBe(401)
    expect(cookieOf(await attempt(server, PROGRAM, { cookie }))).toBe(cookie)
    const info = await fetch(`${server.url}/session/info`, { headers: { cookie } })
    expect(await info.json()).toMatchObject({ uname: 'admin', csrfProtection: false })
  }
})

test('with protection on, or from a browser, the token changes', async () => {
  await using server = await startServer()
  const browsers: readonly Record<string, string>[] = [
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-dest': 'document' },
    { 'sec-fetch-user': '?1' },
    { origin: server.url },
  ]
  const logins = [[RIGHT, {}] as const, ...browsers.map((headers) => [PROGRAM, headers] as const)]
  for (const [fields, headers] of logins) {
    const cookie = await visit(server)
    const answer = await attempt(server, fields, { ...headers, cookie })
    expect([headers, answer.status]).toEqual([headers, 302])
    expect(cookieOf(answer)).not.toBe(cookie)
    expect(await statusOf(server, cookie)).toBe(401)
    expect(await statusOf(server, cookieOf(answer))).toBe(200)
  }
})

test('a pre-login cookie is good for ten minutes, to the millisecond', async () => {
  await using server = await startServer()
  const [early, late] = [await visit(server), await visit(server)]
  server.now += TEN_MINUTES - 1
  expect(cookieOf(await attempt(server, PROGRAM, { cookie: early }))).toBe(early)
  server.now += 1
  expect(cookieOf(await attempt(server, PROGRAM, { cookie: late }))).not.toBe(late)
  expect(await statusOf(server, late)).toBe(401)
})

test('a pre-login cookie of the future, of another server or with an altered letter is not kept', async () => {
  await using server = await startServer()
  await using other = await startServer()
  other.now = server.now
  const cookie = await visit(server)
  const altered = [12, 30, 60, 64, 80, 105].map((at) => {
    const letter = cookie[at] === 'A' ? 'B' : 'A'
    return cookie.slice(0, at) + letter + cookie.slice(at + 1)
  })
  for (const forged of [...altered, await visit(other), `${cookie}A`, cookie.slice(0, -1)]) {
    const answer = await attempt(server, PROGRAM, { cookie: forged })
    expect(answer.status).toBe(302)
    expect(cookieOf(answer)).not.toBe(forged)
    expect(await statusOf(server, forged)).toBe(401)
  }
  server.now -= 1
  expect(cookieOf(await attempt(server, PROGRAM, { cookie }))).not.toBe(cookie)
})

test('a pre-login cookie that was used gets the next login a token of its own', async () => {
  await using server = await startServer()
  const cookie = await visit(server)
  await attempt(server, PROGRAM, { cookie })
  await fetch(`${server.url}/session/put?a=b`, { headers: { cookie } })
  const again = cookieOf(await attempt(server, PROGRAM, { cookie }))
  expect(again).not.toBe(cookie)
  expect(await statusOf(server, cookie)).toBe(401)
  const read = await fetch(`${server.url}/session/get`, { headers: { cookie: again } })
  expect(await read.json()).toEqual({})
})

test('of two logins at once with one pre-login cookie, one at most keeps it', async () => {
  await using server = await startServer()
  const cookie = await visit(server)
  const answers = await Promise.all(Array.from({ length: 4 }, () => attempt(server, PROGRAM, { cookie })))
  const cookies = answers.map(cookieOf)
  expect(new Set(cookies).size).toBe(4)
})

test('a session that ended does not come back through its pre-login cookie, however it ended', async () => {
  await using server = await startServer({ toml: '[session]\nidle = "1m"\n' })
  const admin = await logIn(server)
  const endings: readonly (() => Promise<unknown>)[] = [
    () => fetch(`${server.url}/session/invalidate`, { headers: { cookie } }),
    () => fetch(`${server.url}/login/logout.csp`, { headers: { cookie }, redirect: 'manual' }),
    () => admin.json('/session/revoke', { others: 'true' }),
    async () => {
      server.now += 60_000
    },
  ]
  let cookie = ''
  for (const end of endings) {
    cookie = await visit(server)
    await attempt(server, PROGRAM, { cookie })
    expect(await statusOf(server, cookie)).toBe(200)
    await end()
    expect(await statusOf(server, cookie)).toBe(401)
    expect(cookieOf(await attempt(server, PROGRAM, { cookie }))).not.toBe(cookie)
    expect(await statusOf(server, cookie)).toBe(401)
  }
})

test('a wrong login does not use the pre-login cookie up, and a restart forgets neither it nor its use', async () => {
  let server = await startServer()
  const [unused, used] = [await visit(server), await visit(server)]
  await attempt(server, { ...PROGRAM, z_password: 'wrong' }, { cookie: unused })
  expect(await statusOf(server, unused)).toBe(401)
  await attempt(server, PROGRAM, { cookie: used })
  await fetch(`${server.url}/session/invalidate`, { headers: { cookie: used } })
  server = await server.restart()
  await using _stop = server
  expect(cookieOf(await attempt(server, PROGRAM, { cookie: unused }))).toBe(unused)
  expect(cookieOf(await attempt(server, PROGRAM, { cookie: used }))).not.toBe(used)
})

test('visitors who never log in leave nothing behind', async () => {
  await using server = await startServer()
  const admin = await logIn(server)
  const visits = await Promise.all(Array.from({ length: 20 }, () => visit(server)))
  expect(new Set(visits).size).toBe(20)
  expect((await admin.json('/admin/sessions/list')) as object).toMatchObject({ sessions: { length: 1 } })
})
