import { expect, test } from 'bun:test'
import type { BrowserContext, Page, Response as PageResponse } from 'playwright-core'
import {
  describeWithBrowser,
  logInByForm,
  type OpenContext,
  sessionCookies,
  submitLogin,
} from '../support/browser.ts'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { METRICS, metricsText, valuesIn } from '../support/metrics.ts'
import { startServer, type TestServer } from '../support/server.ts'

/**
 * `localhost` is another site than `127.0.0.1`: browsers keep Lax cookies from its requests. Another port of `127.0.0.1` is another
 * origin of the same site: the cookie goes along, and only the server can refuse.
 */
const STRANGERS = ['localhost', '127.0.0.1']

/** A server of somebody else, on a port of its own, with a page that holds nothing. */
const startStranger = () =>
  Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () =>
      new Response('<!doctype html><title>Stranger</title>', { headers: { 'content-type': 'text/html' } }),
  })

/** A browser that holds the cookie of a session without CSRF protection, which only the browser's own marks protect. */
async function openUnprotected(open: OpenContext, server: TestServer, host = '127.0.0.1') {
  const client = await logIn(server)
  await client.json('/session/put', { colour: 'blue' })
  const context = await open()
  await addCookie(context, client, host)
  return { client, context }
}

async function addCookie(context: BrowserContext, client: Client, host: string): Promise<void> {
  const [name = '', value = ''] = client.cookie.split('=')
  await context.addCookies([{ name, value, domain: host, path: '/', httpOnly: true, sameSite: 'Lax' }])
}

/** A form in the page that submits itself; the status of the server's answer. */
async function submitForm(page: Page, action: string, fields: Record<string, string>): Promise<number> {
  const answered = page.waitForResponse(action)
  await page.evaluate(
    ({ action, fields }) => {
      const form = document.createElement('form')
      Object.assign(form, { action, method: 'post' })
      for (const [name, value] of Object.entries(fields)) {
        const field = document.createElement('input')
        Object.assign(field, { type: 'hidden', name, value })
        form.append(field)
      }
      document.body.append(form)
      form.submit()
    },
    { action, fields },
  )
  return landed(page, await answered)
}

/** An image in the page; resolves when the browser has given it up. What the server answered to it, no page may learn. */
async function loadImage(page: Page, src: string): Promise<void> {
  await page.evaluate(async (src) => {
    const image = new Image()
    const failed = new Promise((resolve) => image.addEventListener('error', resolve))
    image.src = src
    await failed
  }, src)
}

/** The paths of the requests that the server has refused as coming from another site. */
const refusedBy = (server: TestServer) =>
  server.log
    .map((line) => JSON.parse(line) as { code?: string; path?: string })
    .flatMap(({ code, path }) => (code === 'cross_site' ? [path] : []))

/** A link in the page that somebody follows; the status of the answer. */
async function followLink(page: Page, href: string): Promise<number> {
  const answered = page.waitForResponse(href)
  await page.evaluate((href) => location.assign(href), href)
  return landed(page, await answered)
}

/** The status of an answer to a navigation, when the page that it leads to is there: a page on its way would get in the way of the next. */
async function landed(page: Page, answer: PageResponse): Promise<number> {
  const { origin } = new URL(answer.url())
  await page.waitForURL((url) => url.origin === origin)
  return answer.status()
}

describeWithBrowser('a page of another site', (open) => {
  test('on localhost changes nothing with an image or a link', async () => {
    await using server = await startServer({ toml: METRICS, nodes: 1 })
    using site = startStranger()
    const { client, context } = await openUnprotected(open, server)
    await using _ = context
    const page = await context.newPage()
    const there = () => page.goto(`http://localhost:${site.port}/`)
    await there()
    const attempts = ['/session/put?colour=red', '/session/delete', '/session/invalidate']
    for (const attempt of [...attempts, '/login/logout.csp']) await loadImage(page, server.url + attempt)
    expect(await followLink(page, `${server.url}/session/invalidate`)).toBe(403)
    // The log has one line for all of them.
    expect(refusedBy(server)).toEqual(['/session/put'])
    const values = valuesIn(await metricsText(server))
    expect(values['cloakroom_refusals_total{code="cross_site"}']).toBe(attempts.length + 1)
    await there()
    expect(await followLink(page, `${server.url}/login/logout.csp`)).toBe(200)
    expect(await page.getByRole('button').count()).toBe(1)
    expect(await client.json('/session/get')).toEqual({ colour: 'blue' })
    expect(await sessionCookies(context, server)).toHaveLength(1)
  })

  for (const stranger of STRANGERS) {
    test(`on ${stranger} leads to our pages with a link, whether or not one is logged in`, async () => {
      await using server = await startServer()
      using site = startStranger()
      await using context = await open()
      const page = await context.newPage()
      const follow = async (path: string) => {
        await page.goto(`http://${stranger}:${site.port}/`)
        return followLink(page, server.url + path)
      }
      expect(await follow('/login?return_to=%2Fpassword')).toBe(200)
      await page.goto(`http://${stranger}:${site.port}/`)
      await page.evaluate((href) => location.assign(href), `${server.url}/sessions`)
      await page.waitForURL(`${server.url}/login?return_to=%2Fsessions`)
      await submitLogin(page)
      await page.waitForURL(`${server.url}/sessions`)
      for (const path of ['/', '/index.csp', '/login', '/sessions', '/password', '/console/log'])
        expect([path, await follow(path)]).toEqual([path, 200])
      expect(refusedBy(server)).toEqual([])
    })

    test(`on ${stranger} changes nothing with a form`, async () => {
      await using server = await startServer()
      using site = startStranger()
      const { client, context } = await openUnprotected(open, server)
      await using _ = context
      const page = await context.newPage()
      await page.goto(`http://${stranger}:${site.port}/`)
      expect(await submitForm(page, `${server.url}/session/put`, { colour: 'red' })).toBe(403)
      expect(refusedBy(server)).toEqual(['/session/put'])
      expect(await client.json('/session/get')).toEqual({ colour: 'blue' })
    })

    test(`on ${stranger} logs nobody in`, async () => {
      await using server = await startServer()
      const { uname, password } = await givenUser(server, 'mallory')
      using site = startStranger()
      await using context = await open()
      const page = await context.newPage()
      await page.goto(`http://${stranger}:${site.port}/`)
      const fields = { z_username: uname, z_password: password }
      expect(await submitForm(page, `${server.url}/z_security_check`, fields)).toBe(403)
      expect(await sessionCookies(context, server)).toEqual([])
    })

    test(`on ${stranger} logs nobody out with a form or an image, and ends no session`, async () => {
      await using server = await startServer()
      const elsewhere = await logIn(server)
      const info = (await elsewhere.json('/session/info')) as { handle: string }
      using site = startStranger()
      await using context = await open()
      const page = await logInByForm(context, server)
      await page.goto(`http://${stranger}:${site.port}/`)
      await submitForm(page, `${server.url}/sessions`, { handle: info.handle })
      expect((await elsewhere.ask('/session/get')).status).toBe(200)
      await page.goto(`http://${stranger}:${site.port}/`)
      await loadImage(page, `${server.url}/login/logout.csp`)
      await submitForm(page, `${server.url}/login/logout.csp`, {})
      await page.goto(`${server.url}/index.csp`)
      expect(await page.getByText('You are logged in.').count()).toBe(1)
    })

    test(`on ${stranger} reads nothing, and frames no page of ours`, async () => {
      await using server = await startServer()
      using site = startStranger()
      const { context } = await openUnprotected(open, server)
      await using _ = context
      const page = await context.newPage()
      await page.goto(`http://${stranger}:${site.port}/`)
      const read = await page.evaluate(
        (url) =>
          fetch(url, { credentials: 'include' }).then(
            (answer) => answer.text(),
            (error: Error) => error.name,
          ),
        `${server.url}/session/get`,
      )
      expect(read).toBe('TypeError')
      await page.evaluate(async (src) => {
        const frame = document.createElement('iframe')
        const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
        frame.src = src
        document.body.append(frame)
        await loaded
      }, `${server.url}/index.csp`)
      await page.frames()[1]?.waitForURL('chrome-error://chromewebdata/', { waitUntil: 'commit' })
      expect(page.frames().map((frame) => frame.url())).toContain('chrome-error://chromewebdata/')
    })
  }

  test('changes nothing with a form where the server has a name and plain http, and browsers say less', async () => {
    await using server = await startServer()
    using site = startStranger()
    const { client, context } = await openUnprotected(open, server, 'login.test')
    await using _ = context
    const page = await context.newPage()
    for (const host of ['other.test', 'evil.login.test', 'login.test']) {
      await page.goto(`http://${host}:${site.port}/`)
      const put = `http://login.test:${server.port}/session/put`
      expect(await submitForm(page, put, { colour: 'red' })).toBe(403)
    }
    expect(await client.json('/session/get')).toEqual({ colour: 'blue' })
  })
})
