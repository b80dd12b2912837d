import { expect, test } from 'bun:test'
import { givenUser, logIn } from '../support/client.ts'
import { describeWith, lackOf } from '../support/installed.ts'
import { STEP_LIMIT_MS } from '../support/limits.ts'
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
    { origin: server.url },
    { referer: `${server.url}/login` },
    { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko' },
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
  server.now -= 60_001
  expect(cookieOf(await attempt(server, PROGRAM, { cookie }))).not.toBe(cookie)
})

test('a pre-login cookie of a node whose clock is up to a minute ahead is kept, and only once', async () => {
  await using server = await startServer()
  const cookie = await visit(server)
  const issuedAt = server.now
  server.now = issuedAt - 60_000
  expect(cookieOf(await attempt(server, PROGRAM, { cookie }))).toBe(cookie)
  await fetch(`${server.url}/session/invalidate`, { headers: { cookie } })
  server.now = issuedAt + TEN_MINUTES - 1
  expect(cookieOf(await attempt(server, PROGRAM, { cookie }))).not.toBe(cookie)
})

test('a program that logs in again with its kept cookie goes on with the same session until the same latest end', async () => {
  await using server = await startServer({ store: 'memory:' })
  const cookie = await visit(server)
  await attempt(server, PROGRAM, { cookie })
  await fetch(`${server.url}/session/put?a=b`, { headers: { cookie } })
  const ask = async (path: string) => (await fetch(server.url + path, { headers: { cookie } })).json()
  const { endsAt: _, ...before } = (await ask('/session/info')) as Record<string, unknown>
  for (let i = 0; i < 4; i++) {
    server.now += TEN_MINUTES + 1
    expect(cookieOf(await attempt(server, PROGRAM, { cookie }))).toBe(cookie)
  }
  expect(await ask('/session/get')).toEqual({ a: 'b' })
  expect(await ask('/session/info')).toMatchObject(before)
  expect(await ask('/session/list')).toMatchObject({ sessions: { length: 1 } })
})

test('a kept cookie with a live session is not kept by a wrong password, another user, protection or a browser', async () => {
  await using server = await startServer({ store: 'memory:' })
  const bob = await givenUser(server, 'bob')
  const cookie = await visit(server)
  await attempt(server, PROGRAM, { cookie })
  const wrong = await attempt(server, { ...PROGRAM, z_password: 'wrong' }, { cookie })
  expect([wrong.status, cookieOf(wrong)]).toEqual([401, ''])
  expect(await statusOf(server, cookie)).toBe(200)
  const others: readonly (readonly [Record<string, string>, Record<string, string>])[] = [
    [{ ...PROGRAM, z_username: bob.uname, z_password: bob.password }, {}],
    [RIGHT, {}],
    [PROGRAM, { 'sec-fetch-site': 'same-origin' }],
  ]
  for (const [fields, headers] of others) {
    const kept = await visit(server)
    await attempt(server, PROGRAM, { cookie: kept })
    const again = cookieOf(await attempt(server, fields, { ...headers, cookie: kept }))
    expect(again).not.toBe(kept)
    expect([await statusOf(server, kept), await statusOf(server, again)]).toEqual([401, 200])
  }
})

test('no cookie is kept where the settings say never', async () => {
  await using server = await startServer({ store: 'memory:', toml: 'login.keep-token = "never"\n' })
  const cookie = await visit(server)
  const answer = await attempt(server, PROGRAM, { cookie })
  expect(answer.status).toBe(302)
  expect(cookieOf(answer)).not.toBe(cookie)
  expect([await statusOf(server, cookie), await statusOf(server, cookieOf(answer))]).toEqual([401, 200])
})

test('of two logins at once with one pre-login cookie, all go on with one session or have one each', async () => {
  await using server = await startServer()
  const cookie = await visit(server)
  const answers = await Promise.all(Array.from({ length: 4 }, () => attempt(server, PROGRAM, { cookie })))
  expect(new Set(answers.map(cookieOf))).toEqual(new Set([cookie]))
  expect(await statusOf(server, cookie)).toBe(200)
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
  let server = await startServer({ durable: true })
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

describeWith('Node', lackOf(['node']), 'the fetch of Node', () => {
  test('is a program: it keeps the cookie that it fetched before', async () => {
    await using server = await startServer({ store: 'memory:' })
    const printed = await runNode(
      `
      const { URL: url, PASSWORD } = process.env
      const page = await fetch(url + '/index.csp')
      const cookie = page.headers.get('set-cookie').split(';')[0]
      const body = new URLSearchParams({ z_username: 'admin', z_password: PASSWORD, z_csrf_protection: 'off' })
      await fetch(url + '/z_security_check', { method: 'POST', body, headers: { cookie }, redirect: 'manual' })
      const put = await fetch(url + '/session/put', { method: 'POST', body: 'a=1', headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' } })
      console.log(put.status)
      `,
      { URL: server.url, PASSWORD: RIGHT.z_password },
    )
    expect(printed).toBe('200\n')
  })
})

/** What a real Node prints that runs this program. */
async function runNode(program: string, env: Record<string, string>): Promise<string> {
  const node = Bun.spawn(['node', '--input-type=module', '-e', program], {
    env: { ...process.env, ...env },
    timeout: STEP_LIMIT_MS,
  })
  return new Response(node.stdout).text()
}
