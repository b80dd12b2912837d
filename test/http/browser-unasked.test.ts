import { expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { describeWithBrowser, logInByForm, sessionCookies, submitLogin } from '../support/browser.ts'
import { logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'

const LOGOUT = '/login/logout.csp'

/** A request that an application on the same host has passed on, and what the browser said that it was for. */
interface Passed {
  readonly path: string
  readonly purpose: string | null
}

/** An application on the same host: a page of its own, and a proxy for everything else, which decodes paths as some do. */
function startApplication(server: TestServer, html: string) {
  const passed: Passed[] = []
  const waiting = new Map<string, () => void>()
  const app = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      const { pathname, search } = new URL(request.url)
      if (pathname === '/app') return new Response(html, { headers: { 'content-type': 'text/html' } })
      const path = decodeURIComponent(pathname)
      const answer = await fetch(server.url + path + search, {
        method: request.method,
        headers: request.headers,
        body: request.method === 'POST' ? await request.arrayBuffer() : null,
        redirect: 'manual',
        decompress: false,
      })
      const purpose = request.headers.get('sec-purpose')
      passed.push({ path, purpose })
      waiting.get(`${path} ${purpose}`)?.()
      return answer
    },
  })
  return {
    url: `http://127.0.0.1:${app.port}`,
    passed,
    /** Resolves when the browser has asked for a path ahead of its user. */
    asked(path: string, purpose: string): Promise<void> {
      if (passed.some((each) => each.path === path && each.purpose === purpose)) return Promise.resolve()
      return new Promise((resolve) => void waiting.set(`${path} ${purpose}`, resolve))
    },
    [Symbol.asyncDispose]: () => app.stop(true),
  }
}

const rules = (kind: string, urls: readonly string[]) =>
  `<script type="speculationrules">{"${kind}":[{"source":"list","urls":${JSON.stringify(urls)}}]}</script>`

/** What a page may ask for ahead of its user, each by a path of its own so that no answer is kept for another. */
const AHEAD = `<!doctype html><title>App</title><link rel="prefetch" href="/session/delete">
${rules('prefetch', ['/session/invalidate', '/session/put?colour=red'])}${rules('prerender', [LOGOUT])}`

describeWithBrowser('what no person asked for', (open) => {
  test('a page that prefetches and prerenders the logout and calls of the API changes nothing', async () => {
    await using server = await startServer()
    await using app = startApplication(server, AHEAD)
    await using context = await open()
    const page = await logInByForm(context, app)
    await page.evaluate(() => fetch('/session/put?colour=blue'))
    await page.goto(`${app.url}/app`)
    await Promise.all([
      app.asked('/session/delete', 'prefetch'),
      app.asked('/session/invalidate', 'prefetch'),
      app.asked('/session/put', 'prefetch'),
      app.asked(LOGOUT, 'prefetch;prerender'),
    ])
    expect(await page.evaluate(() => fetch('/session/get').then((answer) => answer.json()))).toEqual({
      colour: 'blue',
    })
    await page.evaluate((path) => location.assign(path), LOGOUT)
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    expect(app.passed.at(-1)).toMatchObject({ path: '/login', purpose: null })
  })

  test('a login that leads to an encoded path changes nothing behind a proxy that decodes it', async () => {
    await using server = await startServer()
    await using app = startApplication(server, '')
    await using context = await open()
    const page = await context.newPage()
    for (const wanted of [
      '/session%2fput?colour=red',
      '/login/%6cogout.csp',
      '/%2573ession/put?colour=red',
    ]) {
      await page.goto(`${app.url}/login?return_to=${encodeURIComponent(wanted)}`)
      if ((await page.getByLabel('Password').count()) > 0) await submitLogin(page)
      await page.getByText('You are logged in.').waitFor()
    }
    expect(await page.evaluate(() => fetch('/session/get').then((answer) => answer.json()))).toEqual({})
    // And where something of the same origin leads there all the same, the browser says that it goes there.
    const answer = await page.goto(`${app.url}/session/put?colour=red`)
    expect(answer?.status()).toBe(403)
  })

  test('another site leads to the logout on plain http and gets a page with a button, which works', async () => {
    await using server = await startServer()
    await using site = startApplication(server, '<!doctype html><title>Stranger</title>')
    await using context = await open()
    const url = `http://login.test:${server.port}`
    // Without protection, so that no token keeps the others out.
    const client = await logIn(server)
    await client.json('/session/put', { colour: 'blue' })
    const [name = '', value = ''] = client.cookie.split('=')
    await context.addCookies([{ name, value, domain: 'login.test', path: '/', sameSite: 'Lax' }])
    const page = await context.newPage()
    const strangers = ['evil.test', 'wiki.login.test', 'login.test']
    for (const stranger of strangers) {
      await page.goto(`http://${stranger}:${new URL(site.url).port}/app`)
      await loadImages(
        page,
        [LOGOUT, '/session/delete', '/session/invalidate'].map((path) => url + path),
      )
      const changed = page.waitForResponse(`${url}/session/delete`)
      await page.evaluate((href) => location.assign(href), `${url}/session/delete`)
      expect([stranger, (await changed).status()]).toEqual([stranger, 403])
      await page.waitForURL(`${url}/session/delete`)
      await page.goto(`http://${stranger}:${new URL(site.url).port}/app`)
      await page.evaluate((href) => location.assign(href), `${url}${LOGOUT}?return_to=%2Fsessions`)
      await page.getByRole('button', { name: 'Log out' }).waitFor()
    }
    expect(await client.json('/session/get')).toEqual({ colour: 'blue' })
    const before = await sessionCookies(context, { url })
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL(`${url}/login?return_to=%2Fsessions`)
    expect(await sessionCookies(context, { url })).not.toEqual(before)
    await submitLogin(page)
    await page.waitForURL(`${url}/sessions`)
  })
})

/** Images in the page that name no page as their sender; resolves when the browser has given them up. */
async function loadImages(page: Page, sources: readonly string[]): Promise<void> {
  await page.evaluate(async (sources) => {
    const failures = sources.map((src) => {
      const image = new Image()
      image.referrerPolicy = 'no-referrer'
      const failed = new Promise((resolve) => image.addEventListener('error', resolve))
      image.src = src
      return failed
    })
    await Promise.all(failures)
  }, sources)
}
