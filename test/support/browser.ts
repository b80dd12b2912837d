import { beforeAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import { describeWith } from './installed.ts'
import { STEP_LIMIT_MS } from './limits.ts'
import { ADMIN_PASSWORD } from './server.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The same browser without windows, which takes less than half of the CPU time. It heeds no preferences. */
const HEADLESS_SHELL = 'chromium-headless-shell'

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Names other than the loopback's, for which browsers trust plain http less.
  '--host-resolver-rules=MAP *.test 127.0.0.1',
]

const executable = () => NAMES.map((name) => Bun.which(name)).find((path) => path !== null)

const lackOfBrowser = () =>
  executable() === undefined ? `there is no ${NAMES.join(', ')} on the path` : null

/** Launches a real Chromium, which must be installed. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = Bun.which(HEADLESS_SHELL) ?? executable()
  if (executablePath === undefined) throw new Error(`There is no ${NAMES.join(', ')} on the path.`)
  return chromium.launch({ executablePath, args: FLAGS })
}

/**
 * Opens a browser context of its own, which shares no cookies. `await using context = await open()` closes
 * it.
 */
export type OpenContext = (options?: BrowserContextOptions) => Promise<BrowserContext>

/** The browser of this process, shared by all its test files. It ends with the process. */
let browser: Promise<Browser> | null = null

/** Tests in a real Chromium. */
export function describeWithBrowser(says: string, tests: (open: OpenContext) => void): void {
  const open: OpenContext = async (options = {}) => {
    browser ??= launchBrowser()
    const context = await (await browser).newContext(options)
    context.setDefaultTimeout(STEP_LIMIT_MS)
    return context
  }
  describeWith('a browser', lackOfBrowser(), says, () => {
    // Not inside a test: whatever a test starts is killed when its time runs out.
    beforeAll(async () => {
      browser ??= launchBrowser()
      await browser
    })
    tests(open)
  })
}

/**
 * Opens a browser that keeps no cookies, as its user configured it. `await using context = await
 * openWithoutCookies()` closes it.
 */
export async function openWithoutCookies(options: BrowserContextOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-browser-'))
  const preferences = join(folder, 'Default', 'Preferences')
  await Bun.write(
    preferences,
    JSON.stringify({ profile: { default_content_setting_values: { cookies: 2 } } }),
  )
  const executablePath = executable()
  if (executablePath === undefined) throw new Error(`There is no ${NAMES.join(', ')} on the path.`)
  const context = await chromium.launchPersistentContext(folder, { ...options, executablePath, args: FLAGS })
  context.setDefaultTimeout(STEP_LIMIT_MS)
  return Object.assign(context, {
    async [Symbol.asyncDispose]() {
      await context.close()
      rmSync(folder, { recursive: true, force: true })
    },
  })
}

/** Fills in the login form that the page shows, and submits it. */
export async function submitLogin(page: Page, uname = 'admin', password = ADMIN_PASSWORD): Promise<void> {
  await page.getByLabel('User name').fill(uname)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}

/** Opens a page, logs in through the form and returns the page, which shows the front page. */
export async function logInByForm(context: BrowserContext, { url }: { readonly url: string }): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${url}/index.csp`)
  await submitLogin(page)
  await page.getByText('You are logged in.').waitFor()
  return page
}

/** Returns the browser's cookies of our name for the server. */
export async function sessionCookies(context: BrowserContext, { url }: { readonly url: string }) {
  return (await context.cookies(url)).filter(({ name }) => name === 'zsessionid')
}
