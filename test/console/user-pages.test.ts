import { expect, test } from 'bun:test'
import type { Locator } from 'playwright-core'
import { describeWithBrowser } from '../support/browser.ts'
import { givenUser, logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer } from '../support/server.ts'
import { confirm, dialogOf, ready, rowsOf, visit } from './world.ts'

const MINUTE = 60_000

describeWithBrowser('the pages of every user', (open) => {
  test('an attribute is added, changed, deleted and brought back', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await visit(context, server, '/console/session')
    await page.getByText('This session has no attributes yet.').waitFor()
    await page.getByLabel('Key').fill('theme')
    await page.getByLabel('Value').fill('dark')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText('Saved theme.').waitFor()
    await page.getByText('1 attribute of 1,024, 9 bytes of 1 MiB').waitFor()
    await page.getByRole('button', { name: 'Edit theme' }).click()
    await page.getByLabel('theme', { exact: true }).fill('light\nand bright')
    await page.getByRole('button', { name: 'Save' }).click()
    const get = () => page.evaluate(async () => (await fetch('/session/get')).json() as Promise<unknown>)
    await page.getByText('and bright').waitFor()
    expect(await get()).toEqual({ theme: 'light\nand bright' })
    await page.getByRole('button', { name: 'Delete theme' }).click()
    await page.getByText('Deleted theme.').waitFor()
    expect(await get()).toEqual({})
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('and bright').waitFor()
    expect(await get()).toEqual({ theme: 'light\nand bright' })
    await page.reload()
    await page.getByText('and bright').waitFor()
  })

  test('what cannot be stored is said beside it, and nothing is lost', async () => {
    await using server = await startServer({ toml: '[limits]\nvalue = "10 B"\n' })
    await using context = await open()
    const page = await visit(context, server, '/console/session')
    await page.getByLabel('Key').fill('CSRFToken')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('alert').getByText('cannot be put').waitFor()
    await page.getByLabel('Key').fill('key')
    await page.getByLabel('Value').fill('more than ten')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('alert').getByText('a value can have 10 bytes').waitFor()
    expect(await page.getByLabel('Value').inputValue()).toBe('more than ten')
  })

  test('on a phone a notice of a very long key is cut, its buttons are whole, and the form beneath it can be used', async () => {
    await using server = await startServer()
    await using context = await open({ viewport: { width: 360, height: 640 } })
    const page = await visit(context, server, '/console/session')
    const key = 'k'.repeat(250)
    await page.getByLabel('Key').fill(key)
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText(`Saved ${key}.`).waitFor()
    await page.getByRole('button', { name: `Delete ${key}` }).click()
    await page.getByText(`Deleted ${key}.`).waitFor()
    const notice = page.getByRole('status').locator('.notice')
    const heightOf = async (what: Locator) => (await what.boundingBox())?.height
    expect(await heightOf(notice)).toBeLessThan(90)
    for (const name of ['Undo', 'Close'])
      expect([name, await heightOf(notice.getByRole('button', { name }))]).toEqual([
        name,
        await heightOf(page.getByRole('button', { name: 'Add' })),
      ])
    await page.mouse.wheel(0, 10_000)
    await page.getByLabel('Key').fill('a')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByText('Saved a.').waitFor()
  })

  test('own sessions are told apart and ended, one or all others', async () => {
    await using server = await startServer()
    const user = await givenUser(server, 'alice')
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'
    const [one, two, three] = [
      await logIn(server, { ...user, userAgent: firefox }),
      await logIn(server, user),
      await logIn(server, user),
    ]
    await using context = await open()
    const page = await visit(context, server, '/sessions', user)
    await page.getByText('this one').waitFor()
    await page.getByRole('button', { name: 'End the session of Firefox on Linux' }).click()
    await dialogOf(page).getByText('Firefox on Linux').waitFor()
    await dialogOf(page).getByRole('button', { name: 'Cancel' }).click()
    expect((await one.ask('/session/get')).status).toBe(200)
    await page.getByRole('button', { name: 'End the session of Firefox on Linux' }).click()
    await confirm(page, 'End session')
    await page.getByText('Ended 1 session.').waitFor()
    expect((await one.ask('/session/get')).status).toBe(401)
    expect((await two.ask('/session/get')).status).toBe(200)
    await page.getByRole('button', { name: 'End all others' }).click()
    await confirm(page, 'End 2 sessions')
    await page.getByText('You are not logged in anywhere else.').waitFor()
    expect((await two.ask('/session/get')).status).toBe(401)
    expect((await three.ask('/session/get')).status).toBe(401)
  })

  test('of very many sessions the latest are shown, this one among them, and all that somebody asks for', async () => {
    await using server = await startServer({ timePasses: true, toml: '[session]\nper-user = 1000\n' })
    const alice = await givenUser(server, 'alice')
    await using context = await open()
    const page = await visit(context, server, '/index.csp', alice)
    for (let i = 0; i < 210; i++) await logIn(server, alice)
    await page.goto(`${server.url}/sessions`)
    await ready(page)
    const rows = rowsOf(page)
    expect(await rows.count()).toBe(201)
    expect(await rows.last().locator('.tag').textContent()).toBe('this one')
    await page.getByText('These are the latest 201 of 211 sessions.').waitFor()
    await page.getByRole('button', { name: 'Show all' }).click()
    expect(await rows.count()).toBe(211)
    await page.getByRole('button', { name: 'End all others' }).click()
    await confirm(page, 'End 210 sessions')
    await page.getByText('You are not logged in anywhere else.').waitFor()
  })

  test('when the login is a while ago, the password is asked again before another session ends', async () => {
    await using server = await startServer()
    const elsewhere = await logIn(server)
    await using context = await open()
    const page = await visit(context, server, '/sessions')
    server.now += 11 * MINUTE
    await page.getByRole('button', { name: 'End all others' }).click()
    await dialogOf(page).getByRole('button', { name: 'End 1 session' }).click()
    const asked = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await asked.getByRole('button', { name: 'Cancel' }).click()
    await asked.waitFor({ state: 'detached' })
    expect((await elsewhere.ask('/session/get')).status).toBe(200)
    await dialogOf(page).getByRole('button', { name: 'End 1 session' }).click()
    await asked.getByLabel('Your password').fill('guessed')
    await asked.getByRole('button', { name: 'Continue' }).click()
    await asked.getByText('not your current password').waitFor()
    expect((await elsewhere.ask('/session/get')).status).toBe(200)
    await asked.getByLabel('Your password').fill(ADMIN_PASSWORD)
    await asked.getByRole('button', { name: 'Continue' }).click()
    await dialogOf(page).first().waitFor({ state: 'detached' })
    expect((await elsewhere.ask('/session/get')).status).toBe(401)
  })

  test('a new password is asked for with the old one, ends the others, and holds', async () => {
    await using server = await startServer()
    const user = await givenUser(server, 'alice')
    const elsewhere = await logIn(server, user)
    await using context = await open()
    const page = await visit(context, server, '/password', user)
    await page.getByLabel('Current password').fill('guessed')
    await page.getByLabel('New password').fill('a longer horse with a battery')
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByRole('alert').getByText('not your current password').waitFor()
    await page.getByLabel('Current password').fill(user.password)
    await page.getByLabel('New password').fill('password')
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByRole('alert').getByText('common').waitFor()
    await page.getByLabel('New password').fill('a longer horse with a battery')
    await page.getByRole('button', { name: 'Show new password' }).click()
    expect(await page.getByLabel('New password').getAttribute('type')).toBe('text')
    await page.getByRole('button', { name: 'Change password' }).click()
    await page.getByText('Ended 1 other session.').waitFor()
    expect((await elsewhere.ask('/session/get')).status).toBe(401)
    await page.reload()
    await ready(page)
    await logIn(server, { uname: user.uname, password: 'a longer horse with a battery' })
  })

  test('every page has a way out, and no page of an admin is for others', async () => {
    await using server = await startServer()
    const user = await givenUser(server, 'alice')
    await using context = await open()
    const page = await visit(context, server, '/index.csp', user)
    for (const path of ['/index.csp', '/sessions', '/password', '/console/session']) {
      await page.goto(server.url + path)
      await ready(page)
      expect(await page.getByRole('link', { name: 'Overview' }).count()).toBe(0)
      expect(await page.getByRole('button', { name: 'Log out' }).count()).toBe(1)
    }
    for (const path of ['overview', 'sessions', 'users', 'user?uname=admin', 'log']) {
      const answer = await page.goto(`${server.url}/console/${path}`)
      expect(answer?.status()).toBe(403)
      await page.getByText('This is for users with the role admin').waitFor()
      // The way on, and the way out.
      await page.getByRole('link', { name: 'Your sessions', exact: true }).waitFor()
      expect(await page.getByRole('button', { name: 'Log out' }).count()).toBe(1)
    }
    await page.goto(`${server.url}/nothing-here`)
    expect(await page.getByRole('link', { name: 'Overview' }).count()).toBe(0)
    await page.goto(`${server.url}/password`)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    await page.goBack()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
  })
})
