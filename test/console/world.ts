import type { BrowserContext, Page } from 'playwright-core'
import { submitLogin } from '../support/browser.ts'
import { ADMIN_PASSWORD, type TestServer } from '../support/server.ts'

export interface Visitor {
  readonly uname?: string
  readonly password?: string
}

/** A new page of somebody who asked for a path, logged in, and came to it. Its script runs, and it hears of changes. */
export async function visit(
  context: BrowserContext,
  { url }: Pick<TestServer, 'url'>,
  path: string,
  { uname = 'admin', password = ADMIN_PASSWORD }: Visitor = {},
): Promise<Page> {
  const page = await context.newPage()
  await page.goto(url + path)
  if (await page.getByLabel('User name').isVisible()) await submitLogin(page, uname, password)
  await ready(page)
  return page
}

/** Waits until the script of a page has begun, and hears of changes. */
export const ready = (page: Page): Promise<void> => page.locator('main[data-live=open]').waitFor()

/** The rows of the table on a page. */
export const rowsOf = (page: Page) => page.locator('main tbody > tr')

/** Asks for a page until it says something: what another node did a moment ago, this one may not know yet. */
export async function goUntilSaid(page: Page, url: string, text: string): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    await page.goto(url)
    if ((await page.getByRole('main').textContent())?.includes(text) === true) return
    await page.waitForTimeout(100)
  }
  throw new Error(`${url} never says ${text}`)
}

/** Where an attribute is on the page. */
export const attributeOn = (page: Page, key: string) => page.getByRole('button', { name: `Edit ${key}` })

/** The dialog that is open. */
export const dialogOf = (page: Page) => page.locator('dialog')

/** Clicks what a dialog asks, and waits until it is done. */
export async function confirm(page: Page, action: string | RegExp): Promise<void> {
  await dialogOf(page).getByRole('button', { name: action }).click()
  await dialogOf(page).waitFor({ state: 'detached' })
}
