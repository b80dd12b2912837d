import { expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { describeWithBrowser, openWithoutCookies, submitLogin } from '../support/browser.ts'
import { logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { attempt, cookieOf, JSON_ANSWER, RIGHT, statusOf, visit } from './attempt.ts'

const LOST = 'Your browser did not keep the cookie of this page.'
const BROWSER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' }
/** What the form of our own page sends. */
const FROM_PAGE = { ...RIGHT, cookie_expected: 'true' }

/** How many sessions there are, besides the one that asks. */
async function sessionsOf(server: TestServer): Promise<number> {
  const admin = await logIn(server)
  const { sessions } = (await admin.json('/session/list')) as { sessions: unknown[] }
  return sessions.length - 1
}

test('a login from our page whose cookie does not come back says so, and begins no session', async () => {
  await using server = await startServer({ store: 'memory:' })
  const answer = await attempt(
    server,
    { ...FROM_PAGE, return_to: '/sessions' },
    { ...BROWSER, origin: server.url },
  )
  const page = await answer.text()
  expect(answer.status).toBe(400)
  expect(page).toContain(`${LOST} Are cookies allowed for ${server.url}? Then log in again.`)
  expect(page).toContain('value="admin"')
  expect(page).toContain('value="/sessions"')
  expect(page).not.toContain(RIGHT.z_password)
  expect(await sessionsOf(server)).toBe(0)
  const problem = await attempt(server, FROM_PAGE, { ...BROWSER, ...JSON_ANSWER })
  expect([problem.status, await problem.json()]).toMatchObject([400, { code: 'cookie_not_kept' }])
})

test('the page that says so comes with a cookie, so that the next try succeeds where it was lost by chance', async () => {
  await using server = await startServer({ store: 'memory:' })
  for (const fields of [FROM_PAGE, { ...RIGHT, z_password: 'wrong' }]) {
    const cookie = cookieOf(await attempt(server, fields, BROWSER))
    expect(cookie).toStartWith('zsessionid=p')
    const answer = await attempt(server, FROM_PAGE, { ...BROWSER, cookie })
    expect(answer.status).toBe(302)
    expect(await statusOf(server, cookieOf(answer))).toBe(200)
  }
})

test('no other login is asked for a cookie', async () => {
  await using server = await startServer({ store: 'memory:' })
  const live = (await logIn(server)).cookie
  const device = (await attempt(server, RIGHT, BROWSER)).headers.getSetCookie()[1]?.split(';')[0] ?? ''
  const logins: readonly (readonly [string, Record<string, string>, Record<string, string>])[] = [
    ['a program that fills in the form', FROM_PAGE, {}],
    ['a form of another page', RIGHT, { ...BROWSER, origin: server.url, referer: `${server.url}/` }],
    ['a script of another page', RIGHT, { ...BROWSER, ...JSON_ANSWER, 'sec-fetch-site': 'same-origin' }],
    ['our form with its cookie', FROM_PAGE, { ...BROWSER, cookie: await visit(server) }],
    ['our form with the cookie of a live session', FROM_PAGE, { ...BROWSER, cookie: live }],
    ['our form with a device cookie alone', FROM_PAGE, { ...BROWSER, cookie: device }],
  ]
  for (const [name, fields, headers] of logins) {
    const answer = await attempt(server, fields, headers)
    expect([name, answer.status]).toEqual([name, 'accept' in headers ? 200 : 302])
  }
})

test('a form of another site that names our field is refused or shown our page, and begins no session', async () => {
  await using server = await startServer({ store: 'memory:' })
  const origin = 'https://evil.example'
  for (const fields of [RIGHT, FROM_PAGE]) {
    const answer = await attempt(server, fields, { ...BROWSER, origin, 'sec-fetch-site': 'cross-site' })
    expect(answer.status).toBeOneOf([400, 403])
  }
  expect(await sessionsOf(server)).toBe(0)
})

const alertOf = (page: Page) => page.getByRole('alert').textContent()

describeWithBrowser('a browser', (open) => {
  // The login page has no script, so it is the same with scripts.
  test('that keeps no cookies is told so, without scripts', async () => {
    await using server = await startServer({ store: 'memory:' })
    await using context = await openWithoutCookies({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${server.url}/sessions`)
    for (let i = 0; i < 2; i++) {
      await submitLogin(page)
      expect(await alertOf(page)).toBe(`${LOST} Are cookies allowed for ${server.url}? Then log in again.`)
    }
    expect(await sessionsOf(server)).toBe(0)
  })

  test('on plain http under an https public URL is told which URL it is, and which it should be', async () => {
    await using server = await startServer({
      store: 'memory:',
      publicUrl: 'https://login.example.org',
      toml: 'hosts = ["lan.test"]\n',
    })
    await using context = await open()
    const page = await context.newPage()
    const url = `http://lan.test:${server.port}`
    await page.goto(`${url}/login`)
    await submitLogin(page)
    const alert = await alertOf(page)
    expect(alert).toContain(`${LOST} Is this page opened by https://login.example.org? You are at ${url}.`)
  })
})
