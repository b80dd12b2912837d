import { expect, test } from 'bun:test'
import { describeWithBrowser, submitLogin } from '../support/browser.ts'
import { givenUser, logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'
import { confirm, dialogOf, goUntilSaid, ready, visit } from './world.ts'

describeWithBrowser('the pages of admins', (open) => {
  test('the overview tells how all is, and goes on telling it', async () => {
    await using server = await startServer()
    for (let i = 0; i < 3; i++) await logIn(server)
    await using context = await open()
    const page = await visit(context, server, '/console/overview')
    await page.getByText('All is well: the store').waitFor()
    for (const title of ['Live sessions', 'Requests a second', 'Logins in the last hour', 'Time of a read'])
      await page.getByRole('heading', { name: title, exact: true }).waitFor()
    expect(await page.locator('canvas').count()).toBe(8)
    const [node] = await page.locator('main .rows strong').allTextContents()
    const starts = server.log.filter((line) => line.includes('"event":"start"'))
    expect(starts.filter((line) => line.includes(`"node":"${node}"`))).toHaveLength(1)
  })

  test('sessions are searched by user, address and handle, and ended', async () => {
    await using server = await startServer()
    const alice = await givenUser(server, 'alice')
    const [one, two] = [await logIn(server, alice), await logIn(server, alice)]
    const { handle } = (await one.json('/session/info')) as { handle: string }
    await using context = await open()
    const page = await visit(context, server, '/console/sessions')
    const rows = page.locator('main .rows > li')
    const search = async (field: string, text: string) => {
      await page.goto(`${server.url}/console/sessions`)
      await page.getByLabel(field).fill(text)
      await page.getByRole('button', { name: 'Search' }).click()
      await page.getByRole('link', { name: 'Show all' }).waitFor()
      await ready(page)
    }
    await search('User', 'alice')
    expect(await rows.count()).toBe(2)
    await search('Address', '127.0.0.1')
    // Of alice two, of the admin who made her and of this browser one each.
    expect(await rows.count()).toBe(4)
    await search('Address', '192.0.2.1')
    await page.getByText('There is no such live session.').waitFor()
    await search('Handle', handle)
    expect(await rows.count()).toBe(1)
    await rows.getByRole('button', { name: 'End the session of alice' }).click()
    await confirm(page, 'End session')
    await page.getByText('Ended a session of alice.').waitFor()
    expect((await one.ask('/session/get')).status).toBe(401)
    expect((await two.ask('/session/get')).status).toBe(200)
  })

  test('what is being typed into a search stays while the page keeps itself up to date', async () => {
    await using server = await startServer()
    await using context = await open()
    for (const [path, label] of [
      ['/console/sessions?uname=alice', 'User'],
      ['/console/log', 'User'],
      ['/console/users', 'User name'],
    ] as const) {
      const page = await context.newPage()
      await page.clock.install()
      await page.goto(server.url + path)
      if (await page.getByLabel('Password').isVisible()) await submitLogin(page)
      await ready(page)
      await page.getByLabel(label, { exact: true }).fill('bob')
      await page.clock.fastForward(31_000)
      expect(await page.getByLabel(label, { exact: true }).inputValue()).toBe('bob')
    }
  })

  test('all sessions of a user or of everybody end after it was said how many', async () => {
    await using server = await startServer()
    const alice = await givenUser(server, 'alice')
    const clients = [await logIn(server, alice), await logIn(server, alice), await logIn(server)]
    await using context = await open()
    const page = await visit(context, server, '/console/user?uname=alice')
    await page.getByRole('button', { name: 'End all sessions of alice' }).click()
    await dialogOf(page).getByText('These are 2 sessions').waitFor()
    await dialogOf(page).getByRole('button', { name: 'End 2 sessions' }).click()
    await page.getByText('There is no such live session.').waitFor()
    expect(await Promise.all(clients.map(async ({ ask }) => (await ask('/session/get')).status))).toEqual([
      401, 401, 200,
    ])
    await page.goto(`${server.url}/console/sessions`)
    await ready(page)
    await page.getByRole('button', { name: 'End all sessions of everybody' }).click()
    await dialogOf(page).getByText('Yours is among them').waitFor()
    await dialogOf(page)
      .getByRole('button', { name: /^End \d sessions$/ })
      .click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    expect((await clients[2]?.ask('/session/get'))?.status).toBe(401)
  })

  test('a user is made, changed, shut out, let in again, given a password and deleted', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await visit(context, server, '/console/users')
    await page.getByRole('button', { name: 'New user' }).click()
    const dialog = dialogOf(page)
    await dialog.getByLabel('User name').fill('bob')
    await dialog.getByLabel('Full name').fill('Bob Roe')
    await dialog.getByLabel('Roles').fill('staff, night')
    await dialog.getByLabel('Password', { exact: true }).fill('short')
    await dialog.getByRole('button', { name: 'Make user' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByLabel('Password', { exact: true }).fill('bob likes long passwords')
    await dialog.getByRole('button', { name: 'Make user' }).click()
    await page.waitForURL(/uname=bob/)
    await ready(page)
    const admin = await logIn(server)
    const stored = () => admin.json('/admin/users/get?uname=bob')
    expect(await stored()).toMatchObject({ fullname: 'Bob Roe', roles: ['staff', 'night'], disabled: false })

    await page.getByLabel('Email').fill('bob@example.com')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Stored what is said of bob.').waitFor()
    expect(await stored()).toMatchObject({ email: 'bob@example.com' })

    const bob = { uname: 'bob', password: 'bob likes long passwords' }
    const client = await logIn(server, bob)
    await page.getByRole('button', { name: 'Disable' }).click()
    await confirm(page, 'Disable')
    await page.getByText('bob is disabled; 1 session ended.').waitFor()
    expect((await client.ask('/session/get')).status).toBe(401)
    await expect(logIn(server, bob)).rejects.toThrow('401')
    await page.getByRole('button', { name: 'Enable' }).click()
    await page.getByText('bob can log in again.').waitFor()
    await logIn(server, bob)

    await page.getByLabel('New password').fill('another one for bob')
    await page.getByRole('button', { name: 'Set password' }).click()
    await confirm(page, 'Set password')
    await page.getByText('bob has a new password; 1 session ended.').waitFor()
    await logIn(server, { ...bob, password: 'another one for bob' })

    await page.getByRole('button', { name: 'Delete' }).click()
    await dialogOf(page).getByRole('button', { name: 'Delete for ever' }).click()
    await page.waitForURL(/users$/)
    expect((await admin.ask('/admin/users/get?uname=bob')).status).toBe(404)
  })

  test('the last admin stays one, and the page says why', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await visit(context, server, '/console/user?uname=admin')
    await page.getByRole('button', { name: 'Delete' }).click()
    await dialogOf(page).getByRole('button', { name: 'Delete for ever' }).click()
    await dialogOf(page).getByRole('alert').getByText('admin is the last admin').waitFor()
  })

  test('the log says what happened, of everybody and of one user', async () => {
    await using server = await startServer()
    const alice = await givenUser(server, 'alice')
    await expect(logIn(server, { uname: 'alice', password: 'guessed' })).rejects.toThrow('401')
    await (await logIn(server, alice)).ask('/session/invalidate')
    await using context = await open()
    const page = await visit(context, server, '/console/log?uname=alice')
    for (const text of ['was made', 'could not log in', 'logged in', 'logged out'])
      await goUntilSaid(page, page.url(), text)
    const said = await page.locator('main .rows .facts > span').allTextContents()
    // Of several nodes each tells what it did when its second is over.
    expect(said.toSorted()).toEqual([
      'alice could not log in: wrong name or password',
      'alice logged in',
      'alice logged out',
      'alice was made by admin',
    ])
    await page.getByRole('link', { name: 'Show all' }).click()
    await ready(page)
    expect(await page.locator('main .rows > li').count()).toBeGreaterThan(said.length)
  })

  test('lists go on where they stop', async () => {
    await using server = await startServer()
    const admin = await logIn(server)
    const names = Array.from({ length: 101 }, (_, i) => `user-${String(i).padStart(3, '0')}`)
    for (const uname of names)
      await admin.json('/admin/users/create', { uname, password: `${uname} likes long passwords` })
    await using context = await open()
    const page = await visit(context, server, '/console/users')
    const rows = page.locator('main .rows > li')
    expect(await rows.count()).toBe(100)
    await page.getByRole('button', { name: 'More users' }).click()
    await page.getByRole('link', { name: 'user-100' }).waitFor()
    expect(await rows.count()).toBe(102)
    expect(await page.getByRole('button', { name: 'More users' }).count()).toBe(0)
  })
})
