import { expect, test } from 'bun:test'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { describeWithBrowser, submitLogin } from '../support/browser.ts'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer, type TestServer } from '../support/server.ts'
import { dialogOf, ready, visit } from './world.ts'

const MINUTE = 60_000

const PATHS = [
  '/index.csp',
  '/console/session',
  '/sessions',
  '/password',
  '/console/overview',
  '/console/sessions',
  '/console/users',
  '/console/user?uname=alice',
  '/console/log',
]

/** What opens a dialog, and where. */
const DIALOGS = [
  ['/sessions', 'End all others'],
  ['/console/sessions', 'End all sessions of everyone'],
  ['/console/user?uname=alice', 'Disable'],
  ['/console/users', 'New user'],
  ['/console/user?uname=alice', 'Delete'],
] as const

/** Text that could push a page beyond the edge of a phone. */
const LONG = 'x'.repeat(250)

/** What makes a form say what is wrong, and where. */
const TROUBLES: readonly (readonly [path: string, act: (page: Page) => Promise<unknown>])[] = [
  [
    '/console/session',
    async (page) => {
      await page.getByLabel('Key').fill('CSRFToken')
      await page.getByRole('button', { name: 'Add' }).click()
    },
  ],
  [
    '/console/session',
    async (page) => {
      await page.getByRole('button', { name: `Edit ${LONG}` }).click()
      await page.evaluate((key) => fetch(`/session/put?${key}=${Math.random()}`), LONG)
      await page.getByText('Somebody has changed it in the meantime').waitFor()
      // More than a value may be.
      await page.getByLabel(LONG, { exact: true }).fill('x'.repeat(65_537))
      await page.getByRole('button', { name: 'Save' }).click()
    },
  ],
  [
    '/sessions',
    async (page) => {
      await page.getByRole('button', { name: 'End all others' }).click()
      await dialogOf(page).getByRole('button', { name: /^End/ }).click()
      await page.getByLabel('Your password').fill('guessed')
      await page.getByRole('button', { name: 'Continue' }).click()
    },
  ],
  [
    '/password',
    async (page) => {
      await page.getByLabel('Current password').fill('guessed')
      await page.getByLabel('New password').fill(LONG)
      await page.getByRole('button', { name: 'Change password' }).click()
    },
  ],
  [
    '/console/users',
    async (page) => {
      await page.getByRole('button', { name: 'New user' }).click()
      await dialogOf(page).getByLabel('User name').fill('alice')
      await dialogOf(page).getByLabel('Password').fill(LONG)
      await page.getByRole('button', { name: 'Create user' }).click()
    },
  ],
  [
    '/console/user?uname=alice',
    async (page) => {
      await page.getByLabel('Full name').fill(LONG.repeat(10))
      await page.getByRole('button', { name: 'Save' }).click()
    },
  ],
]

async function fill(server: TestServer): Promise<Client> {
  await givenUser(server, 'alice', {
    fullname: LONG.slice(0, 128),
    email: `${LONG.slice(0, 100)}@example.com`,
    roles: LONG.slice(0, 100),
  })
  await logIn(server, { userAgent: LONG })
  const { uname } = await givenUser(server, LONG.slice(0, 128))
  await expect(logIn(server, { uname, password: 'x' })).rejects.toThrow('401')
  return logIn(server)
}

/** Every rule of axe that a page breaks, and where. Run as a program, which the policy of the page allows to nobody. */
async function violationsOf(page: Page) {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run()
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  })
}

const widthOf = (page: Page) => page.evaluate(() => document.documentElement.scrollWidth)

describeWithBrowser('for everybody', (open) => {
  // Contrast hangs on the one, room on the other.
  for (const [colorScheme, width] of [
    ['light', 360],
    ['dark', 1_440],
  ] as const) {
    test(`no page is a barrier, in ${colorScheme}, ${width} pixels wide`, async () => {
      await using server = await startServer()
      await fill(server)
      await using context = await open({ colorScheme, viewport: { width, height: 800 }, bypassCSP: true })
      const page = await context.newPage()
      for (const path of ['/login', '/nothing-here']) {
        await page.goto(server.url + path)
        expect([path, await violationsOf(page), await widthOf(page)]).toEqual([path, [], width])
      }
      const visitor = await visit(context, server, '/index.csp')
      const put = (long: string) => fetch(`/session/put?${long}=${long}&a=`).then(({ status }) => status)
      expect(await visitor.evaluate(put, LONG)).toBe(200)
      for (const path of PATHS) {
        await visitor.goto(server.url + path)
        await ready(visitor)
        expect([path, await violationsOf(visitor), await widthOf(visitor)]).toEqual([path, [], width])
      }
      for (const [path, button] of DIALOGS) {
        await visitor.goto(server.url + path)
        await ready(visitor)
        await visitor.getByRole('button', { name: button, exact: true }).click()
        await dialogOf(visitor).waitFor()
        expect([button, await violationsOf(visitor), await widthOf(visitor)]).toEqual([button, [], width])
      }
    })

    test(`no form that says what is wrong is a barrier, in ${colorScheme}, ${width} pixels wide`, async () => {
      await using server = await startServer()
      await fill(server)
      await using context = await open({ colorScheme, viewport: { width, height: 800 }, bypassCSP: true })
      const page = await context.newPage()
      await page.goto(`${server.url}/login`)
      await submitLogin(page, LONG, 'guessed')
      await page.getByRole('alert').waitFor()
      expect([await violationsOf(page), await widthOf(page)]).toEqual([[], width])
      const visitor = await visit(context, server, '/console/session')
      await visitor.evaluate((key) => fetch(`/session/put?${key}=a`), LONG)
      // After which the password is asked for again.
      server.now += 11 * MINUTE
      for (const [path, act] of TROUBLES) {
        await visitor.goto(server.url + path)
        await ready(visitor)
        await act(visitor)
        await visitor.getByRole('alert').waitFor()
        expect([path, await violationsOf(visitor), await widthOf(visitor)]).toEqual([path, [], width])
      }
    })
  }

  test('no name is too long for a phone, wherever it is said', async () => {
    await using server = await startServer()
    await fill(server)
    await using context = await open({ viewport: { width: 360, height: 800 } })
    const page = await visit(context, server, '/sessions')
    const longest = LONG.slice(0, 128)
    for (const path of [
      `/console/sessions?uname=${LONG}`,
      `/console/sessions?uname=${longest}`,
      `/console/users?prefix=${LONG}`,
      `/console/log?uname=${longest}&event=${LONG}`,
      `/console/user?uname=${LONG}`,
      `/console/log?from=${LONG}`,
      `/${LONG}`,
    ]) {
      await page.goto(server.url + path)
      expect([path, await widthOf(page)]).toEqual([path, 360])
    }
    await page.goto(`${server.url}/console/user?uname=${longest}`)
    await ready(page)
    expect(await widthOf(page)).toBe(360)
    for (const button of ['Disable', 'Delete', 'Set password']) {
      if (button === 'Set password') await page.getByLabel('New password').fill('a longer horse')
      await page.getByRole('button', { name: button, exact: true }).click()
      const dialog = dialogOf(page)
      await dialog.waitFor()
      const fits = await dialog.evaluate((element) => element.scrollWidth <= element.clientWidth)
      expect([button, fits]).toEqual([button, true])
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }
    await page.getByRole('button', { name: 'Disable', exact: true }).click()
    await dialogOf(page).getByRole('button', { name: 'Disable' }).click()
    await page.getByText(`Disabled ${longest}`).waitFor()
    expect(await widthOf(page)).toBe(360)
  })

  test('with the keyboard alone one logs in, ends another session and logs out', async () => {
    await using server = await startServer()
    const elsewhere = await logIn(server)
    await using context = await open()
    const page = await context.newPage()
    await page.goto(`${server.url}/sessions`)
    const { keyboard } = page
    // Where one begins, nobody has to go.
    await page.waitForFunction(() => document.activeElement?.id === 'z_username')
    await keyboard.type('admin')
    await keyboard.press('Tab')
    await keyboard.type(ADMIN_PASSWORD)
    await keyboard.press('Enter')
    await ready(page)
    const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '')
    const tabTo = async (text: string) => {
      for (let presses = 0; presses < 40; presses++) {
        await keyboard.press('Tab')
        if ((await focused()) === text) return
      }
      throw new Error(`Tab does not lead to ${text}.`)
    }
    await tabTo('Skip to the content')
    expect(
      await page.getByText('Skip to the content').evaluate((link) => link.getBoundingClientRect().left),
    ).toBeGreaterThan(0)
    await keyboard.press('Enter')
    await tabTo('End')
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement as Element).outlineStyle,
    )
    expect(outline).toBe('solid')
    await keyboard.press('Enter')
    await dialogOf(page).waitFor()
    await keyboard.press('Escape')
    await dialogOf(page).waitFor({ state: 'detached' })
    expect(await focused()).toBe('End')
    await keyboard.press('Enter')
    await dialogOf(page).waitFor()
    await tabTo('End session')
    await keyboard.press('Enter')
    await page.getByText('Ended 1 session.').waitFor()
    expect((await elsewhere.ask('/session/get')).status).toBe(401)
    await tabTo('Log out')
    await keyboard.press('Enter')
    await page.getByRole('button', { name: 'Log in' }).waitFor()
  })
})
