import { expect, test } from 'bun:test'
import { describeWithBrowser, submitLogin } from '../support/browser.ts'
import { givenUser, logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'
import { confirm, dialogOf, goUntilSaid, ready, rowsOf, visit } from './world.ts'

describeWithBrowser('the pages of admins', (open) => {
  test('the overview tells how all is, and goes on telling it', async () => {
    await using server = await startServer()
    for (let i = 0; i < 3; i++) await logIn(server)
    await using context = await open()
    const page = await visit(context, server, '/console/overview')
    await page.getByText('All is well: the store').waitFor()
    for (const title of ['Live sessions', 'Requests per second', 'Logins, last hour', 'Time per read'])
      await page.getByRole('heading', { name: title, exact: true }).waitFor()
    expect(await page.locator('.figure').count()).toBe(8)
    const [node] = await page.locator('main td.main').allTextContents()
    const starts = server.log.filter((line) => line.includes('"event":"start"'))
    expect(starts.filter((line) => line.includes(`"node":"${node}"`))).toHaveLength(1)
  })

  test('a curve shows a value that stands alone, and its legend says how much it is', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await visit(context, server, '/console/overview')
    const overview = (await (await logIn(server)).json('/admin/overview')) as {
      series: { readP50: (number | null)[]; readP99: (number | null)[] }
    }
    const alone = (value: number) => overview.series.readP50.map((_, i) => (i === 40 ? value : null))
    const series = { ...overview.series, readP50: alone(2.5), readP99: alone(9) }
    await page.route(/admin\/overview/, (route) => route.fulfill({ json: { ...overview, series } }))
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
    const figure = page.locator('.figure', { hasText: 'Time per read' })
    await figure.getByText('median 2.5 ms').waitFor()
    await figure.getByText('p99 9 ms').waitFor()
    const drawn = () =>
      figure.locator('canvas').evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height) ?? {}
        let points = 0
        // The first line is the only thing that is red.
        for (let i = 0; i < (data?.length ?? 0); i += 4)
          if ((data?.[i] ?? 0) - (data?.[i + 1] ?? 0) > 40) points += 1
        return points
      })
    for (let tries = 0; (await drawn()) < 5 && tries < 100; tries++) await page.waitForTimeout(50)
    expect(await drawn()).toBeGreaterThanOrEqual(5)
  })

  test('users are found by the beginning of their name, sorted as people sort, and what is not found is said there', async () => {
    await using server = await startServer()
    for (const uname of ['Jürgen', 'jan10', 'jan9', 'Zoë', 'ádám']) await givenUser(server, uname)
    await using context = await open()
    const page = await visit(context, server, '/console/users')
    const names = () => page.locator('main td.main').allTextContents()
    expect(await names()).toEqual(['ádám', 'admin', 'jan9', 'jan10', 'Jürgen', 'Zoë'])
    await page.getByLabel('User name begins with').fill('ja')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByRole('link', { name: 'Show all' }).waitFor()
    expect(await names()).toEqual(['jan9', 'jan10'])
    await page.goto(`${server.url}/console/users?prefix=nobody`)
    await page.getByText('No user name begins with “nobody”.').waitFor()
    expect(await page.getByRole('button', { name: 'Log out' }).count()).toBe(1)
    // Of more than a page, those that come later find their place.
    await page.goto(`${server.url}/console/users?limit=2`)
    await ready(page)
    await page.getByText('These are 2 users, sorted by name.').waitFor()
    await page.getByRole('button', { name: 'More users' }).click()
    await page.getByText('More users').waitFor({ state: 'detached' })
    expect(await names()).toEqual(['ádám', 'admin', 'jan9', 'jan10', 'Jürgen', 'Zoë'])
  })

  test('where a user has no live sessions, the page says so and offers no end of them', async () => {
    await using server = await startServer()
    await givenUser(server, 'alice')
    await using context = await open()
    const page = await visit(context, server, '/console/sessions?uname=nobody')
    await page.getByText('“nobody” has no live sessions.').waitFor()
    expect(await page.getByRole('button', { name: 'End all' }).count()).toBe(0)
    await page.goto(`${server.url}/console/user?uname=alice`)
    await ready(page)
    await page.getByText('This user has no live sessions.').waitFor()
    expect(await page.getByRole('button', { name: 'End all' }).count()).toBe(0)
    await page.goto(`${server.url}/console/user?uname=nobody`)
    await page.getByRole('link', { name: 'All users' }).waitFor()
    expect(await page.getByRole('button', { name: 'Log out' }).count()).toBe(1)
  })

  test('the log is filtered by what its form shows, and a filter that means nothing is said there', async () => {
    await using server = await startServer()
    await givenUser(server, 'alice')
    await expect(logIn(server, { uname: 'alice', password: 'guessed' })).rejects.toThrow('401')
    await using context = await open()
    const page = await visit(context, server, '/console/log?event=login_failed')
    await goUntilSaid(page, page.url(), 'Login failed')
    expect(await page.getByLabel('Event', { exact: true }).inputValue()).toBe('login_failed')
    expect(await rowsOf(page).count()).toBe(1)
    await page.getByLabel('Event', { exact: true }).selectOption('User created')
    await page.getByLabel('User').fill('alice')
    await page.getByLabel('Address').fill('127.0.0.1')
    const day = new Date(server.now).toISOString().slice(0, 10)
    await page.getByLabel('From (UTC)').fill(day)
    await page.getByLabel('To (UTC)').fill(day)
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByText('User created by admin').waitFor()
    expect(await rowsOf(page).count()).toBe(1)
    expect(await page.getByLabel('From (UTC)').inputValue()).toBe(day)
    await page.goto(`${server.url}/console/log?address=192.0.2.1&event=unknown`)
    await page.getByText('No such event in the log.').waitFor()
    expect(await page.getByLabel('Event', { exact: true }).inputValue()).toBe('unknown')
    const answer = await page.goto(`${server.url}/console/log?from=yesterday`)
    expect(answer?.status()).toBe(400)
    await page.getByRole('alert').getByText('from is a date').waitFor()
    await page.getByRole('link', { name: 'Show all' }).click()
    await ready(page)
  })

  test('sessions are searched by user, address and handle, and ended', async () => {
    await using server = await startServer()
    const alice = await givenUser(server, 'alice')
    const [one, two] = [await logIn(server, alice), await logIn(server, alice)]
    const { handle } = (await one.json('/session/info')) as { handle: string }
    await using context = await open()
    const page = await visit(context, server, '/console/sessions')
    const rows = rowsOf(page)
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
      ['/console/users', 'User name begins with'],
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
    await page.getByRole('button', { name: 'End all sessions of this user' }).click()
    await dialogOf(page).getByText('There are 2 sessions.').waitFor()
    await dialogOf(page).getByRole('button', { name: 'End 2 sessions' }).click()
    await page.getByText('This user has no live sessions.').waitFor()
    expect(await Promise.all(clients.map(async ({ ask }) => (await ask('/session/get')).status))).toEqual([
      401, 401, 200,
    ])
    await page.goto(`${server.url}/console/sessions`)
    await ready(page)
    await page.getByRole('button', { name: 'End all sessions of everyone' }).click()
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
    await dialog.getByRole('button', { name: 'Create user' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByLabel('Password', { exact: true }).fill('bob likes long passwords')
    await dialog.getByRole('button', { name: 'Create user' }).click()
    await page.waitForURL(/uname=bob/)
    await ready(page)
    const admin = await logIn(server)
    const stored = () => admin.json('/admin/users/get?uname=bob')
    expect(await stored()).toMatchObject({ fullname: 'Bob Roe', roles: ['staff', 'night'], disabled: false })

    await page.getByLabel('Email').fill('bob@example.com')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved bob.').waitFor()
    expect(await stored()).toMatchObject({ email: 'bob@example.com' })

    const bob = { uname: 'bob', password: 'bob likes long passwords' }
    const client = await logIn(server, bob)
    await page.getByRole('button', { name: 'Disable' }).click()
    await confirm(page, 'Disable')
    await page.getByText('Disabled bob. Ended 1 session.').waitFor()
    expect((await client.ask('/session/get')).status).toBe(401)
    await expect(logIn(server, bob)).rejects.toThrow('401')
    await page.getByRole('button', { name: 'Enable' }).click()
    await page.getByText('bob can log in again.').waitFor()
    await logIn(server, bob)

    await page.getByLabel('New password').fill('another one for bob')
    await page.getByRole('button', { name: 'Set password' }).click()
    await confirm(page, 'Set password')
    await page.getByText('Set a new password for bob. Ended 1 session.').waitFor()
    await logIn(server, { ...bob, password: 'another one for bob' })

    await page.getByRole('button', { name: 'Delete' }).click()
    await dialogOf(page).getByLabel('Type “bob” to confirm').fill('bo')
    await dialogOf(page).getByRole('button', { name: 'Delete user' }).click()
    await dialogOf(page).getByText('That is not “bob”.').waitFor()
    await dialogOf(page).getByLabel('Type “bob” to confirm').fill('bob')
    await dialogOf(page).getByRole('button', { name: 'Delete user' }).click()
    await page.waitForURL(/users$/)
    expect((await admin.ask('/admin/users/get?uname=bob')).status).toBe(404)
  })

  test('the last admin stays one, and the page says why', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await visit(context, server, '/console/user?uname=admin')
    await page.getByRole('button', { name: 'Delete' }).click()
    await dialogOf(page).getByLabel('Type “admin” to confirm').fill('admin')
    await dialogOf(page).getByRole('button', { name: 'Delete user' }).click()
    await dialogOf(page).getByRole('alert').getByText('admin is the last admin').waitFor()
  })

  test('the log says what happened, of everybody and of one user', async () => {
    await using server = await startServer()
    const alice = await givenUser(server, 'alice')
    await expect(logIn(server, { uname: 'alice', password: 'guessed' })).rejects.toThrow('401')
    await (await logIn(server, alice)).ask('/session/invalidate')
    await using context = await open()
    const page = await visit(context, server, '/console/log?uname=alice')
    for (const text of ['User created', 'Login failed', 'Logged in', 'Logged out'])
      await goUntilSaid(page, page.url(), text)
    const said = await page.locator('main td[data-label=Event]').allTextContents()
    // Of several nodes each tells what it did when its second is over.
    expect(said.toSorted()).toEqual([
      'Logged in ',
      'Logged out ',
      'Login failed: wrong user name or password ',
      'User created by admin ',
    ])
    await page.getByRole('link', { name: 'Show all' }).click()
    await ready(page)
    expect(await rowsOf(page).count()).toBeGreaterThan(said.length)
  })

  test('lists go on where they stop', async () => {
    await using server = await startServer()
    const admin = await logIn(server)
    const names = Array.from({ length: 101 }, (_, i) => `user-${String(i).padStart(3, '0')}`)
    for (const uname of names)
      await admin.json('/admin/users/create', { uname, password: `${uname} likes long passwords` })
    await using context = await open()
    const page = await visit(context, server, '/console/users?limit=100')
    const rows = rowsOf(page)
    expect(await rows.count()).toBe(100)
    await page.getByRole('button', { name: 'More users' }).click()
    await page.getByRole('link', { name: 'user-100' }).waitFor()
    expect(await rows.count()).toBe(102)
    expect(await page.getByRole('button', { name: 'More users' }).count()).toBe(0)
  })
})
