import { mkdirSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser, submitLogin } from '../test/support/browser.ts'
import { type Client, givenUser, logIn } from '../test/support/client.ts'
import { startServer, type TestServer } from '../test/support/server.ts'

/**
 * Takes the pictures of docs/console.md: `npm run screenshots`. They are of a real server with a few users, which somebody uses for two
 * minutes first, so that the overview has something to show.
 */
const FOLDER = `${import.meta.dir}/console`

/** Milliseconds of use before the pictures. */
const USED = 120_000

const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
]

const USERS = [
  ['alice', 'Alice Roe', 'staff, admin'],
  ['bob', 'Bob Stone', 'staff'],
  ['carol', 'Carol Wood', 'night'],
] as const

/** Which page, how wide, light or dark. */
const PICTURES = [
  ['login', '/login', 1_000, 'light'],
  ['sessions', '/sessions', 1_200, 'light'],
  ['sessions-phone', '/sessions', 360, 'dark'],
  ['session', '/console/session', 1_200, 'light'],
  ['password', '/password', 1_200, 'light'],
  ['overview', '/console/overview', 1_200, 'light'],
  ['overview-dark', '/console/overview', 1_200, 'dark'],
  ['all-sessions', '/console/sessions', 1_200, 'light'],
  ['users', '/console/users', 1_200, 'light'],
  ['user', '/console/user?uname=bob', 1_200, 'light'],
  ['log', '/console/log', 1_200, 'light'],
] as const

await using server = await startServer({ timePasses: true, slowHashes: true })
mkdirSync(FOLDER, { recursive: true })
await useServer(server)
const browser = await launchBrowser()
for (const picture of PICTURES) await take(browser, server, picture)
await browser.close()

async function useServer(server: TestServer): Promise<void> {
  const clients: Client[] = []
  for (const [uname, fullname, roles] of USERS) {
    const user = await givenUser(server, uname, { fullname, roles, email: `${uname}@example.com` })
    for (const agent of AGENTS) clients.push(await logIn(server, { ...user, userAgent: agent }))
  }
  for (const password of ['guess', 'another guess'])
    await logIn(server, { uname: 'bob', password }).catch(() => {})
  const until = performance.now() + USED
  for (let turn = 0; performance.now() < until; turn++) {
    // A few a second, more and less by turns.
    for (let i = 0; i < 10 + 8 * Math.sin(turn / 15); i++) {
      const client = clients[(turn + i) % clients.length]
      await client?.ask('/session/get')
      if (i % 3 === 0)
        await client?.ask('/session/put', { cart: `${turn} things`, theme: 'dark', language: 'en' })
    }
    await Bun.sleep(1_000)
  }
}

async function take(
  browser: Browser,
  server: TestServer,
  [name, path, width, colorScheme]: (typeof PICTURES)[number],
): Promise<void> {
  await using context = await browser.newContext({
    viewport: { width, height: 700 },
    colorScheme,
    userAgent: AGENTS[0] ?? '',
  })
  const page = await context.newPage()
  await page.goto(server.url + (path === '/login' ? path : `/login?return_to=${encodeURIComponent(path)}`))
  if (path !== '/login') {
    await submitLogin(page, 'alice', 'alice likes long passwords')
    await page.getByRole('button', { name: 'Log out' }).waitFor()
    if (path === '/console/session') await putSome(page)
    await page.waitForLoadState('load')
    await page.locator('main[data-live=open]').waitFor()
  }
  await page.screenshot({ path: `${FOLDER}/${name}.png`, fullPage: true })
}

async function putSome(page: Page): Promise<void> {
  for (const [key, value] of [
    ['cart', '3 things'],
    ['language', 'en'],
    ['theme', 'dark'],
  ] as const) {
    await page.getByLabel('Key').fill(key)
    await page.getByLabel('Value').fill(value)
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText(`Saved ${key}.`).waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
  }
}
