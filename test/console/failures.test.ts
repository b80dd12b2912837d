import { expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { describeWithBrowser } from '../support/browser.ts'
import { givenUser, logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer } from '../support/server.ts'
import { dialogOf, ready, rowsOf, visit } from './world.ts'

const MINUTE = 60_000

/** What a network, a proxy or another server may answer in place of ours. */
const STRANGE = [
  { status: 200, contentType: 'text/html', body: '<p>Log in to the hotel</p>' },
  { status: 200, contentType: 'application/json', body: '' },
  { status: 200, contentType: 'application/json', body: 'null' },
  { status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' },
] as const

/** Asks for something on a page that ends in a message, however it is answered. */
const ACTS: readonly (readonly [path: string, api: RegExp, act: (page: Page) => Promise<unknown>])[] = [
  [
    '/console/session',
    /session\/put/,
    async (page) => {
      await page.getByLabel('Key').fill('a')
      await page.getByRole('button', { name: 'Add' }).click()
    },
  ],
  [
    '/console/overview',
    /admin\/overview/,
    (page) => page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))),
  ],
  [
    '/console/users?limit=1',
    /admin\/users\/list/,
    (page) => page.getByRole('button', { name: 'More users' }).click(),
  ],
  [
    '/console/sessions',
    /admin\/sessions\/count/,
    (page) => page.getByRole('button', { name: 'End all sessions of everyone' }).click(),
  ],
  [
    '/console/user?uname=bob',
    /admin\/users\/update/,
    (page) => page.getByRole('button', { name: 'Save' }).click(),
  ],
]

describeWithBrowser('what goes wrong on a page', (open) => {
  test('is said there, whatever it is that answers in place of the server', async () => {
    await using server = await startServer()
    await givenUser(server, 'bob')
    await using context = await open()
    const page = await visit(context, server, '/console/session')
    for (const [path, api, act] of ACTS) {
      for (const strange of STRANGE) {
        await page.goto(server.url + path)
        await ready(page)
        await page.route(api, (route) => route.fulfill(strange))
        await act(page)
        await page.getByRole('alert').getByText('No complete answer from Cloakroom came').waitFor()
        await page.unroute(api)
      }
    }
  })

  test('has a way on, also where nobody expected it, in the page or in what it draws', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await visit(context, server, '/console/users')
    await page.evaluate(() => void Promise.reject(new Error('a surprise')))
    await page.getByRole('alert').getByText('Something on this page failed (a surprise).').waitFor()
    await page.getByRole('button', { name: 'Reload' }).click()
    await page.getByRole('alert').waitFor({ state: 'detached' })
    await ready(page)
    // A list whose members are none: a page draws it all the same, or says that it cannot.
    await page.goto(`${server.url}/console/overview`)
    await ready(page)
    await page.route(/admin\/overview/, (route) => route.fulfill({ json: { series: {} } }))
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    await page.getByRole('alert').getByText('Something on this page failed').first().waitFor()
    expect(await page.getByRole('button', { name: 'Reload' }).count()).toBeGreaterThan(0)
  })

  test('a fault of the server is shown with the id that leads to its log', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await visit(context, server, '/console/session')
    await page.route(/session\/put/, (route) =>
      route.fulfill({
        status: 500,
        json: { code: 'internal_error', detail: 'Something failed here.', requestId: 'abc-1' },
      }),
    )
    await page.getByLabel('Key').fill('a')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('alert').getByText('Something failed here. Request id: abc-1').waitFor()
  })
})

describeWithBrowser('when an admin logged in a while ago', (open) => {
  test('every form asks for the password, and does then what it was asked', async () => {
    await using server = await startServer()
    const bob = await givenUser(server, 'bob')
    const clients = [await logIn(server, bob), await logIn(server, bob)]
    await using context = await open()
    const page = await visit(context, server, '/console/users')
    server.now += 11 * MINUTE
    const prove = async () => {
      const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' })
      await dialog.getByLabel('Your password').fill(ADMIN_PASSWORD)
      await dialog.getByRole('button', { name: 'Continue' }).click()
      await dialog.waitFor({ state: 'detached' })
    }
    await page.getByRole('button', { name: 'New user' }).click()
    await dialogOf(page).getByLabel('User name').fill('carol')
    await dialogOf(page).getByLabel('Password', { exact: true }).fill('carol likes long passwords')
    await dialogOf(page).getByRole('button', { name: 'Create user' }).click()
    await prove()
    await page.waitForURL(/uname=carol/)

    await page.goto(`${server.url}/console/user?uname=bob`)
    await ready(page)
    // A full name decides about no login.
    await page.getByLabel('Full name').fill('Bob Roe')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved bob.').waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByLabel('Roles').fill('staff')
    await page.getByRole('button', { name: 'Save' }).click()
    await prove()
    await page.getByText('Saved bob.').waitFor()

    await page
      .getByRole('button', { name: /^End the session of bob/ })
      .first()
      .click()
    await dialogOf(page).getByRole('button', { name: 'End session' }).click()
    await prove()
    await page.getByText('Ended a session of bob.').waitFor()
    expect(await rowsOf(page).count()).toBe(1)
    await page.getByLabel('New password').fill('another one for bob')
    await page.getByRole('button', { name: 'Set password' }).click()
    await dialogOf(page).getByRole('button', { name: 'Set password' }).click()
    await prove()
    await page.getByText('Set a new password for bob. Ended 1 session.').waitFor()
    for (const { ask } of clients) expect((await ask('/session/get')).status).toBe(401)

    await page.getByRole('button', { name: 'Disable' }).click()
    await dialogOf(page).getByRole('button', { name: 'Disable' }).click()
    await prove()
    await page.getByText('Disabled bob. Ended 0 sessions.').waitFor()
    await page.getByRole('button', { name: 'Enable' }).click()
    await prove()
    await page.getByText('bob can log in again.').waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await dialogOf(page).getByLabel('Type “bob” to confirm').fill('bob')
    await dialogOf(page).getByRole('button', { name: 'Delete user' }).click()
    await prove()
    await page.waitForURL(/users$/)
    await ready(page)
    expect(await page.getByRole('link', { name: 'bob' }).count()).toBe(0)
    expect(await page.getByRole('link', { name: 'carol' }).count()).toBe(1)
  })

  test('to cancel leaves everything as it was, and the form ready for another try', async () => {
    await using server = await startServer()
    await givenUser(server, 'bob')
    await using context = await open()
    const page = await visit(context, server, '/console/user?uname=bob')
    server.now += 11 * MINUTE
    await page.getByRole('button', { name: 'Disable' }).click()
    await dialogOf(page).getByRole('button', { name: 'Disable' }).click()
    const asked = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await asked.waitFor()
    await page.keyboard.press('Escape')
    await asked.waitFor({ state: 'detached' })
    expect(await dialogOf(page).getByRole('alert').count()).toBe(0)
    await dialogOf(page).getByRole('button', { name: 'Disable' }).click()
    await asked.getByLabel('Your password').fill(ADMIN_PASSWORD)
    await asked.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('Disabled bob.').waitFor()
  })
})
