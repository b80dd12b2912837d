import { expect, test } from 'bun:test'
import type { BrowserContext, Page } from 'playwright-core'
import { describeWithBrowser } from '../support/browser.ts'
import { givenUser, logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { dialogOf, ready, visit } from './world.ts'

/** Text that would become elements, and run, wherever it is not escaped. */
const HOSTILE = `</title></script><script>alert(1)</script><img src=x onerror="alert(1)">{{1}}"'&amp;\u2028`

/** Elements that no page of ours has. */
const FOREIGN = 'script:not(head > script[src], #data), img, iframe, object, b, i'

const PATHS = [
  '/index.csp',
  '/console/session',
  '/sessions',
  '/console/overview',
  '/console/sessions',
  '/console/users',
  '/console/log',
]

/** Writes down whatever a page must never do: run what it was given, break its policy, or ask another host. */
async function watch(context: BrowserContext, server: TestServer): Promise<string[]> {
  const seen: string[] = []
  await context.exposeFunction('sawViolation', (what: string) => seen.push(`policy: ${what}`))
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile }) => {
      const { sawViolation } = globalThis as unknown as { sawViolation(what: string): void }
      sawViolation(`${violatedDirective} ${blockedURI} ${sourceFile}`)
    })
  })
  context.on('dialog', (dialog) => {
    seen.push(`dialog: ${dialog.message()}`)
    return dialog.dismiss()
  })
  context.on('console', (message) => {
    if (message.type() === 'error') seen.push(`console: ${message.text()}`)
  })
  context.on('weberror', (error) => seen.push(`error: ${error.error().message}`))
  context.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== server.url)
      seen.push(request.url())
  })
  return seen
}

const foreignOn = (page: Page) => page.locator(FOREIGN).count()

describeWithBrowser('pages full of HTML and script', (open) => {
  test('show it as the text that it is, everywhere', async () => {
    await using server = await startServer()
    const uname = `<b>mallory</b>"'&`
    const user = await givenUser(server, uname, {
      fullname: HOSTILE.slice(0, 100),
      email: HOSTILE.slice(0, 100),
      roles: '<i>role</i>,admin',
    })
    await logIn(server, { ...user, userAgent: HOSTILE.replace('\u2028', '') })
    await expect(logIn(server, { uname, password: HOSTILE })).rejects.toThrow('401')
    await using context = await open()
    const seen = await watch(context, server)
    const page = await visit(context, server, '/console/session', user)
    const keys = [HOSTILE, '__proto__', 'constructor', '</script><script>alert(2)</script>']
    for (const key of keys) {
      await page.getByLabel('Key').fill(key)
      await page.getByLabel('Value').fill(HOSTILE)
      await page.getByRole('button', { name: 'Add' }).click()
      await page.getByText(`Saved ${key}.`).waitFor()
    }
    for (const path of [...PATHS, `/console/user?uname=${encodeURIComponent(uname)}`]) {
      await page.goto(server.url + path)
      await ready(page)
      expect([path, await foreignOn(page)]).toEqual([path, 0])
    }
    // Not left out either.
    await page.goto(`${server.url}/console/users`)
    await ready(page)
    const mallory = page.locator('main tbody > tr', {
      has: page.getByRole('link', { name: uname, exact: true }),
    })
    expect(await mallory.locator('td.text').allTextContents()).toEqual([
      HOSTILE.slice(0, 100),
      HOSTILE.slice(0, 100),
      '<i>role</i>admin',
    ])
    expect(await mallory.locator('.tag').allTextContents()).toEqual(['<i>role</i>', 'admin'])
    await page.goto(`${server.url}/console/user?uname=${encodeURIComponent(uname)}`)
    await ready(page)
    expect(await page.getByLabel('Email').inputValue()).toBe(HOSTILE.slice(0, 100))
    expect(await page.getByRole('heading', { name: uname, exact: true }).count()).toBe(1)
    await page.goto(`${server.url}/console/log`)
    await ready(page)
    expect(
      await page
        .locator('main tr', { hasText: 'Login failed' })
        .getByRole('link', { name: uname, exact: true })
        .count(),
    ).toBe(1)
    await page.goto(`${server.url}/console/session`)
    await ready(page)
    expect((await page.locator('.rows .key').allTextContents()).sort()).toEqual([...keys].sort())
    expect(await page.locator('.rows .value').allTextContents()).toEqual(keys.map(() => HOSTILE))
    await page.goto(`${server.url}/sessions`)
    await ready(page)
    await page.getByRole('button', { name: 'End all others' }).click()
    await dialogOf(page).waitFor()
    expect(await foreignOn(page)).toBe(0)
    for (const query of [`uname=${encodeURIComponent(HOSTILE)}`, `address=${encodeURIComponent(HOSTILE)}`]) {
      await page.goto(`${server.url}/console/sessions?${query}`)
      await ready(page)
      expect(await foreignOn(page)).toBe(0)
    }
    expect(seen).toEqual([])
  })

  test('the policy stops a script that got in all the same', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await visit(context, server, '/index.csp')
    const ran = await page.evaluate(() => {
      const results: string[] = []
      try {
        document.body.innerHTML = '<img src=x onerror="window.ran = 1">'
      } catch (error) {
        results.push((error as Error).name)
      }
      const script = document.createElement('script')
      try {
        script.textContent = 'window.ran = 2'
      } catch (error) {
        results.push((error as Error).name)
      }
      document.body.append(script)
      return [...results, (window as unknown as { ran?: number }).ran ?? 'nothing']
    })
    expect(ran).toEqual(['TypeError', 'TypeError', 'nothing'])
  })

  test('no page can be framed', async () => {
    await using server = await startServer()
    await using context = await open()
    await visit(context, server, '/index.csp')
    using outside = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () =>
        new Response(
          ['/login', '/index.csp', '/sessions', '/console/users']
            .map((path) => `<iframe src="${server.url}${path}"></iframe>`)
            .join(''),
          { headers: { 'content-type': 'text/html' } },
        ),
    })
    const page = await context.newPage()
    await page.goto(`http://127.0.0.1:${outside.port}/`)
    await page.waitForLoadState('load')
    for (const frame of page.frames().slice(1)) expect(frame.url()).toStartWith('chrome-error:')
    expect(page.frames()).toHaveLength(5)
  })

  test('nothing personal is kept by a cache, and every page has a way out', async () => {
    await using server = await startServer()
    await using context = await open()
    const kept: string[] = []
    context.on('response', (response) => {
      const { pathname } = new URL(response.url())
      const rule = response.headers()['cache-control'] ?? ''
      if (!rule.startsWith('no-store') && pathname !== '/console/script.js') kept.push(`${pathname}: ${rule}`)
    })
    const page = await visit(context, server, '/index.csp')
    for (const path of PATHS) {
      await page.goto(server.url + path)
      await ready(page)
      expect([path, await page.getByRole('button', { name: 'Log out' }).count()]).toEqual([path, 1])
    }
    expect(kept).toEqual([])
  })
})
