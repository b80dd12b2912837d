import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { sendRaw } from '../support/raw.ts'
import { startServer } from '../support/server.ts'
import { attempt, cookieOf, RIGHT } from './attempt.ts'

const PAGE = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

test('healthz and readyz answer without a login, to GET and HEAD', async () => {
  await using server = await startServer()
  for (const [path, status] of [
    ['/healthz', 'ok'],
    ['/readyz', 'ready'],
  ]) {
    const get = await fetch(server.url + path)
    expect([get.status, await get.json()]).toEqual([200, { status }])
    expect(get.headers.get('cache-control')).toBe('no-store')
    const head = await fetch(server.url + path, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await fetch(server.url + path, { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD')
  }
})

test('a problem has type, title, status, detail, code and error, and no more but its reason', async () => {
  await using server = await startServer()
  const answer = await fetch(`${server.url}/session/get`)
  expect(answer.status).toBe(401)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
  expect(answer.headers.get('location')).toBeNull()
  expect(answer.headers.get('www-authenticate')).toBe(
    'Cookie realm="cloakroom", form-action="/z_security_check", cookie-name=zsessionid',
  )
  expect(await answer.json()).toEqual({
    type: 'urn:cloakroom:problem:not_logged_in',
    title: 'Not logged in',
    status: 401,
    detail: 'Log in first: no cookie zsessionid came with the request.',
    code: 'not_logged_in',
    error: 'Log in first: no cookie zsessionid came with the request.',
    reason: 'no_cookie',
  })
})

test('a path of the API answers with a problem, even to a browser that asks for a page', async () => {
  await using server = await startServer()
  const paths = [
    '/session/get',
    '/session/nothing',
    '/api/1/session/info',
    '/api/3/x',
    '/admin/users/list',
    '/user/x',
  ]
  for (const path of paths) {
    const answer = await fetch(server.url + path, { headers: PAGE, redirect: 'manual' })
    expect([path, answer.headers.get('content-type')]).toEqual([path, 'application/problem+json'])
    expect(answer.status).toBeOneOf([401, 404])
  }
})

test('elsewhere a browser gets a page, and a program a problem', async () => {
  await using server = await startServer()
  for (const [path, status] of [
    ['/nothing', 404],
    ['/z_security_check', 405],
  ] as const) {
    const page = await fetch(server.url + path, { headers: PAGE })
    expect([page.status, page.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8'])
    expect(await page.text()).toStartWith('<!doctype html>')
    const problem = await fetch(server.url + path)
    expect([problem.status, ((await problem.json()) as { status: number }).status]).toEqual([status, status])
  }
})

test('a page that was not found repeats nothing of what was asked for', async () => {
  await using server = await startServer()
  for (const path of ['/<script>alert(1)</script>', '/%3Cscript%3Ealert(1)', '/nothing?a=<script>']) {
    const page = await (await fetch(server.url + path, { headers: PAGE })).text()
    expect(page).not.toContain('alert')
    expect(page).not.toContain('<script')
  }
})

for (const publicUrl of [undefined, 'https://login.example.com']) {
  test(`every page is kept by nobody, framed by nobody and runs our own script at most (${publicUrl ?? 'http'})`, async () => {
    await using server = await startServer(publicUrl === undefined ? {} : { publicUrl })
    const cookie = cookieOf(await attempt(server, RIGHT))
    const pages = [
      await fetch(`${server.url}/login`),
      await fetch(`${server.url}/nothing`, { headers: PAGE }),
      await attempt(server, { ...RIGHT, z_password: 'wrong' }),
      await fetch(`${server.url}/index.csp`, { headers: { cookie } }),
      await fetch(`${server.url}/sessions`, { headers: { cookie } }),
    ]
    expect(pages.map(({ status }) => status)).toEqual([200, 404, 401, 200, 200])
    for (const { headers } of pages) {
      expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('x-frame-options')).toBe('DENY')
      expect(headers.get('referrer-policy')).toBe('same-origin')
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
      expect(headers.get('cross-origin-opener-policy')).toBe(publicUrl === undefined ? null : 'same-origin')
      expect(headers.get('strict-transport-security')).toEqual(
        publicUrl === undefined ? null : expect.stringMatching(/^max-age=31536000/),
      )
      const policy = headers.get('content-security-policy') ?? ''
      for (const rule of [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
      ])
        expect(policy).toContain(rule)
      expect(policy).not.toMatch(/unsafe|\*/)
    }
    const allowances = pages.map(({ headers }) =>
      (headers.get('content-security-policy') ?? '')
        .split('; ')
        .filter((rule) => /^(script|connect)-src/.test(rule)),
    )
    const own = ["script-src 'self'", "connect-src 'self'"]
    // Those that have no script allow none.
    expect(allowances).toEqual([[], [], [], own, own])
  })
}

test('the login page is a plain form with the names that programs know', async () => {
  await using server = await startServer()
  for (const path of ['/', '/login', '/index.csp']) {
    const answer = await fetch(server.url + path)
    const page = await answer.text()
    expect(answer.status).toBe(200)
    expect(page).toMatch(/<form[^>]* action="z_security_check"[^>]* method="post"/)
    expect(page).toContain('name="z_username"')
    expect(page).toContain('name="z_password"')
    expect(page).not.toContain('<script')
    const head = await fetch(server.url + path, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  }
})

test('logging out leads to the login page, with and without a login', async () => {
  await using server = await startServer()
  const { cookie } = await logIn(server)
  for (const headers of [{ cookie }, { cookie }, {}]) {
    for (const method of ['GET', 'POST']) {
      const answer = await fetch(`${server.url}/login/logout.csp`, { method, headers, redirect: 'manual' })
      expect([answer.status, answer.headers.get('location')]).toEqual([302, '/login'])
      expect(answer.headers.get('set-cookie')).toContain('Max-Age=0')
    }
  }
})

test('what the front page and the list of sessions show is escaped', async () => {
  await using server = await startServer()
  const evil = '<img src=x onerror=alert(1)>'
  const admin = await logIn(server)
  await admin.json('/admin/users/create', {
    uname: evil,
    fullname: evil,
    roles: evil,
    password: 'quite a long one',
  })
  const login = await attempt(
    server,
    { z_username: evil, z_password: 'quite a long one' },
    { 'user-agent': evil },
  )
  for (const path of ['/index.csp', '/sessions']) {
    const page = await (await fetch(server.url + path, { headers: { cookie: cookieOf(login) } })).text()
    expect(page).toContain('&lt;img')
    expect(page).not.toContain('<img')
  }
})

test('a password manager finds the page on which a password is changed, logged in or not', async () => {
  await using server = await startServer({ store: 'memory:' })
  for (const method of ['GET', 'HEAD']) {
    const answer = await fetch(`${server.url}/.well-known/change-password`, { method, redirect: 'manual' })
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/password'])
  }
  const other = `${server.url}/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200`
  expect((await fetch(other)).status).toBe(404)
})

test('a path that slashes or capitals keep from being found is not found, and the problem names the right one', async () => {
  await using server = await startServer({ store: 'memory:' })
  const detailOf = async (path: string) => {
    const [answer] = (
      await sendRaw(server.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    ).answers
    const { code, detail } = JSON.parse(answer?.body ?? '') as { code: string; detail: string }
    return [answer?.status, code, detail]
  }
  const nothing = [404, 'not_found', 'There is nothing at this path.']
  for (const [path, meant] of [
    ['/session/info/', '/session/info'],
    ['//session/get', '/session/get'],
    ['//index.csp', '/index.csp'],
    ['/api/2//session/get/', '/api/2/session/get'],
    ['/Session/Get', '/session/get'],
    ['/session/get/?key=a', '/session/get'],
    ['//', '/'],
  ]) {
    expect(await detailOf(path as string)).toEqual([
      404,
      'not_found',
      `There is nothing at this path. Did you mean ${meant}? A path has one slash between its parts, none at its end, and small letters.`,
    ])
  }
  for (const path of ['/session/nothing/', '/session/%67et', `/${'session/'.repeat(1_000)}get`])
    expect(await detailOf(path)).toEqual(nothing)
})

test('a method that a path does not take is named, with those that it takes', async () => {
  await using server = await startServer({ store: 'memory:' })
  const answer = await fetch(`${server.url}/session/put`, { method: 'DELETE' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, POST'])
  expect(((await answer.json()) as { detail: string }).detail).toBe(
    '/session/put answers to GET and POST, and not to DELETE.',
  )
})
