import { expect, test } from 'bun:test'
import { Cloakroom } from '../../src/client/cloakroom.js'
import { describeWithBrowser, logInByForm } from '../support/browser.ts'
import { givenUser, logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer } from '../support/server.ts'
import { openOldProgram } from './old-program.ts'

const COMPATIBLE = { store: 'memory:', toml: 'compat = "mmonit"' }
const CREDENTIALS = `z_username=admin&z_password=${encodeURIComponent(ADMIN_PASSWORD)}&z_csrf_protection=off`

/** Calls that M/Monit has, in all spellings of their paths. */
const shared = ['', '/api/1', '/api/2'].flatMap((prefix) =>
  ['get', 'put?a=1', 'delete', 'invalidate', 'info', 'events']
    .map((call) => `${prefix}/session/${call}`)
    .concat(`${prefix}/admin/users/list`),
)

test('with compat = "mmonit" a call without a login is answered with the login page and a pre-login cookie', async () => {
  await using server = await startServer(COMPATIBLE)
  const ended = await logIn(server)
  await ended.json('/session/invalidate')
  for (const path of shared) {
    for (const headers of [{}, { accept: 'application/json' }, { cookie: ended.cookie }]) {
      const answer = await fetch(server.url + path, { headers: headers as Record<string, string> })
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([path, 200, 'text/html'])
      expect(answer.headers.get('www-authenticate')).toBeNull()
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('set-cookie')).toMatch(/^zsessionid=p[\w-]{94};/)
      const page = await answer.text()
      expect(page).toMatch(/<form[^>]* action="z_security_check"/)
      expect(page).toContain('<meta charset="utf-8"')
    }
  }
})

test('without the setting, and for what M/Monit never had, a call without a login is 401', async () => {
  await using server = await startServer({ store: 'memory:' })
  await using compatible = await startServer(COMPATIBLE)
  for (const path of shared) expect((await fetch(server.url + path)).status).toBe(401)
  for (const path of ['/admin/sessions/list', '/api/2/admin/log/list', '/admin/overview'])
    expect((await fetch(compatible.url + path)).status).toBe(401)
  expect((await fetch(`${compatible.url}/api/2/session/nothing`)).status).toBe(404)
  expect((await fetch(`${compatible.url}/session/put`, { method: 'DELETE' })).status).toBe(405)
})

test('compat changes nothing for those who are logged in, and nothing about CSRF, ETags and other sites', async () => {
  await using server = await startServer(COMPATIBLE)
  const guarded = await logIn(server, { csrf: true })
  expect((await guarded.ask('/session/put', { a: '1' }, { CSRFToken: 'wrong' })).status).toBe(403)
  const read = await guarded.ask('/session/get')
  expect(read.headers.get('content-type')).toBe('application/json')
  const etag = read.headers.get('etag') ?? ''
  expect((await guarded.ask('/session/get', null, { 'if-none-match': etag })).status).toBe(304)
  await guarded.json('/session/put', { a: '1' })
  expect((await guarded.ask('/session/put', { a: '2' }, { 'if-match': etag })).status).toBe(412)
  const foreign = { 'sec-fetch-site': 'cross-site' }
  const answer = await fetch(`${server.url}/session/get`, { headers: foreign })
  expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null])
  const user = await givenUser(server, 'alice')
  expect((await (await logIn(server, user)).ask('/admin/users/list')).status).toBe(403)
})

test('a client that knows problems gets a problem, whatever compat says', async () => {
  await using server = await startServer(COMPATIBLE)
  const client = new Cloakroom({ url: server.url })
  const codeOf = (asked: Promise<unknown>) =>
    asked.then(
      () => null,
      (error) => (error as { code: string }).code,
    )
  expect(await codeOf(client.get())).toBe('not_logged_in')
  expect(await codeOf(client.events().next())).toBe('not_logged_in')
})

test('a program that logs in whenever an answer is text/html does so first, and again after its session has ended', async () => {
  await using server = await startServer(COMPATIBLE)
  using program = openOldProgram(server.port)
  /** Logs in if the answer has exactly this type, and asks once more. */
  const ask = async (target: string, body: string | null = null) => {
    const answer = await program.send(target, body)
    if (answer.header('content-type') !== 'text/html') return answer
    await program.send('/index.csp')
    expect((await program.send('/z_security_check', CREDENTIALS)).status).toBe(302)
    return program.send(target, body)
  }
  expect((await ask('/session/put', 'a=1')).body).toBe('{}')
  expect((await ask('/session/get')).body).toBe('{"a":"1"}')
  server.now += 13 * 3_600_000
  expect((await ask('/session/get')).body).toBe('{}')
  expect((await ask('/session/put?b=2')).body).toBe('{}')
  expect((await ask('/api/2/session/get')).body).toBe('{"b":"2"}')
})

test('a program that asks first and logs in if a 2xx is no JSON is set up', async () => {
  await using server = await startServer(COMPATIBLE)
  using program = openOldProgram(server.port)
  const first = await program.send('/api/2/session/get')
  expect(first.status).toBe(200)
  expect(() => JSON.parse(first.body)).toThrow()
  const login = await program.send('/z_security_check', CREDENTIALS)
  expect([login.status, login.header('location')]).toEqual([302, '/index.csp'])
  expect((await program.send('/api/2/session/get')).body).toBe('{}')
})

test('a program that keeps the cookie of the login page by hand looks at the type of every answer', async () => {
  await using server = await startServer(COMPATIBLE)
  using program = openOldProgram(server.port)
  await program.send('/index.csp')
  program.keepsCookies = false
  expect((await program.send('/session/get')).header('content-type')).toBe('text/html')
  expect((await program.send('/z_security_check', CREDENTIALS)).status).toBe(302)
  const status = await program.send('/session/put', `${CREDENTIALS}&a=1`)
  expect([status.header('content-type'), status.body]).toEqual(['application/json', '{}'])
  // It sends its credentials with every request, and they are no attributes.
  expect((await program.send('/session/get')).body).toBe('{"a":"1"}')
})

test('a program that names no key sends an empty one, which reads and deletes nothing', async () => {
  await using server = await startServer({ store: 'memory:' })
  using program = openOldProgram(server.port)
  await program.send('/z_security_check', CREDENTIALS)
  await program.send('/session/put', 'a=1')
  for (const call of ['get', 'delete']) {
    expect((await program.send(`/session/${call}`, 'key=')).body).toBe('{}')
    expect((await program.send(`/api/2/session/${call}?key=`)).body).toBe('{}')
  }
  expect((await program.send('/session/get', 'key=&key=a')).body).toBe('{"a":"1"}')
  expect((await program.send('/session/get', '')).body).toBe('{"a":"1"}')
})

test('a set-up script of M/Monit is refused at its first step, and does not get to delete the last admin', async () => {
  await using server = await startServer({ store: 'memory:' })
  using script = openOldProgram(server.port)
  await script.send('/z_security_check', CREDENTIALS)
  const made = await script.send('/admin/users/create', 'uname=bob&password=some%20long%20words&admin=1')
  expect([made.status, JSON.parse(made.body).code]).toEqual([400, 'invalid_parameter'])
  expect(JSON.parse(made.body).error).toContain('admin')
  const deleted = await script.send('/admin/users/delete', 'uname=admin')
  expect([deleted.status, JSON.parse(deleted.body).code]).toEqual([409, 'last_admin'])
})

describeWithBrowser('with compat = "mmonit" in a browser', (open) => {
  test('a page whose session has ended leads to the login as ever', async () => {
    await using server = await startServer(COMPATIBLE)
    await using context = await open()
    const page = await logInByForm(context, server)
    await page.goto(`${server.url}/index.csp`)
    const admin = await logIn(server)
    await admin.json('/session/revoke', { others: 'true' })
    await page.getByRole('button', { name: 'Log in' }).waitFor()
  })
})
