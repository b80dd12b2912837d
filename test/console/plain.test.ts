import { expect, test } from 'bun:test'
import { cpSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { scriptOfPages } from '../../src/console/bundle.ts'
import { pageDocument } from '../../src/console/document.tsx'
import { describeWithBrowser, submitLogin } from '../support/browser.ts'
import { givenUser, logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer } from '../support/server.ts'
import { goUntilSaid, visit } from './world.ts'

const MINUTE = 60_000

test('the script of the pages is small', async () => {
  const { gzipped } = await scriptOfPages()
  expect(gzipped.length).toBeLessThan(60 * 1_024)
})

test('the script is kept for ever under its own name alone, and packed for whoever can unpack it', async () => {
  await using server = await startServer()
  const { url, text } = await scriptOfPages()
  const get = (path: string, encoding: string) =>
    fetch(server.url + path, { headers: { 'accept-encoding': encoding }, decompress: false })
  const packed = await get(url, 'gzip, br')
  expect(packed.headers.get('content-encoding')).toBe('gzip')
  expect(packed.headers.get('cache-control')).toContain('immutable')
  expect(Bun.gunzipSync(await packed.bytes())).toEqual(text)
  const plain = await get('/console/script.js?v=another', 'identity')
  expect(plain.headers.get('content-encoding')).toBeNull()
  expect(plain.headers.get('cache-control')).toBe('no-cache')
  expect(await plain.bytes()).toEqual(text)
})

test('a script that could not be put together is tried again for the next page', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-script-'))
  try {
    const root = join(import.meta.dir, '../..')
    cpSync(join(root, 'src'), join(folder, 'src'), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const main = join(folder, 'src/console/main.tsx')
    renameSync(main, `${main}.away`)
    const { scriptOfPages } = (await import(join(folder, 'src/console/bundle.ts'))) as {
      scriptOfPages(): Promise<{ readonly text: Uint8Array }>
    }
    await expect(scriptOfPages()).rejects.toThrow()
    renameSync(`${main}.away`, main)
    expect((await scriptOfPages()).text.length).toBeGreaterThan(10_000)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('the log says of what was refused why, and never that a password was wrong which nobody looked at', async () => {
  const said = async (event: Record<string, unknown>) => {
    const events = [{ at: '2026-01-01T00:00:00.000Z', uname: 'alice', ...event }]
    const { html } = await pageDocument({
      name: 'log',
      data: { me: { uname: 'admin', fullname: '', roles: ['admin'] }, log: { events, next: null } },
      csrfToken: null,
      query: '',
      problem: null,
    })
    const [, text = ''] = /data-label="Event">(.*?)<\/td>/.exec(html) ?? []
    return text.replaceAll(/<[^>]*>/g, '').trim()
  }
  const failed = (code: string) => said({ event: 'login_failed', code })
  expect(await failed('wrong_credentials')).toBe('Login failed: wrong user name or password')
  expect(await failed('busy')).toBe('Login failed: too many logins at once')
  expect(await said({ event: 'password_refused', code: 'busy' })).toBe(
    'Password refused: too many logins at once',
  )
  expect(await said({ event: 'refused', code: 'a_new_code', path: '/admin/x' })).toBe(
    'Request refused: a_new_code, /admin/x',
  )
  expect(await said({ event: 'a_new_event', ended: 1 })).toBe('a_new_event. Ended 1 session')
  expect(await said({ event: 'user_create', by: 'cli' })).toBe('User created on the command line')
  const since = '2026-01-01T00:00:00.000Z'
  expect(await said({ event: 'login_failed', code: 'wrong_credentials', more: 1_200, since })).toBe(
    'Login failed: wrong user name or password 1,200 more since 1 Jan 2026, 00:00:00 UTC',
  )
})

test('of more sessions of a user than the server tells at once, the page says that there are more', async () => {
  const saidOf = async (count: number, next: string | null) => {
    const at = '2026-01-01T00:00:00.000Z'
    const one = { uname: 'alice', beganAt: at, usedAt: at, endsAt: at, address: '', userAgent: '' }
    const sessions = Array.from({ length: count }, (_, i) => ({
      ...one,
      handle: String(i),
      current: i === 0,
    }))
    const { html } = await pageDocument({
      name: 'sessions',
      data: { me: { uname: 'alice', fullname: '', roles: [] }, list: { sessions, next } },
      csrfToken: null,
      query: '',
      problem: null,
    })
    return /These are [^<]*sessions/.exec(html)?.[0] ?? null
  }
  expect(await saidOf(200, null)).toBeNull()
  expect(await saidOf(1_000, null)).toBe('These are the latest 200 of 1,000 sessions')
  expect(await saidOf(1_000, '1')).toBe('These are the latest 200 of more than 1,000 sessions')
})

describeWithBrowser('without scripts', (open) => {
  test('one logs in, changes the password, ends another session and logs out', async () => {
    await using server = await startServer()
    const user = await givenUser(server, 'alice')
    await using context = await open({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${server.url}/password`)
    await submitLogin(page, user.uname, user.password)
    const change = async (old: string) => {
      await page.getByLabel('Current password').fill(old)
      await page.getByLabel('New password').fill('a longer horse with a battery')
      await page.getByRole('button', { name: 'Change password' }).click()
    }
    await change('guessed')
    await page.getByRole('alert').getByText('not your current password').waitFor()
    await change(user.password)
    await page.getByText('Your password has been changed').waitFor()
    expect(page.url()).toStartWith(`${server.url}/password?`)

    const renewed = { ...user, password: 'a longer horse with a battery' }
    const elsewhere = await logIn(server, renewed)
    server.now += 11 * MINUTE
    await page.getByRole('link', { name: 'Your sessions' }).click()
    await page.getByRole('button', { name: /^End the session/ }).click()
    await page.getByRole('alert').getByText('send your own password again').waitFor()
    expect((await elsewhere.ask('/session/get')).status).toBe(200)
    await page.getByLabel('Your password').fill(renewed.password)
    await page.getByRole('button', { name: 'End all others' }).click()
    await page.getByText('You are not logged in anywhere else.').waitFor()
    expect((await elsewhere.ask('/session/get')).status).toBe(401)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
  })

  test('that a password was changed is said by no link that somebody else can make', async () => {
    await using server = await startServer()
    const user = await givenUser(server, 'alice')
    const other = await logIn(server, user)
    const { handle } = (await other.json('/session/info')) as { readonly handle: string }
    await using context = await open({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${server.url}/password`)
    await submitLogin(page, user.uname, user.password)
    for (const done of ['true', '', 'null', 'undefined', handle]) {
      await page.goto(`${server.url}/password?done=${done}`)
      await page.getByLabel('Current password').waitFor()
      expect([done, await page.getByText('Your password has been changed').count()]).toEqual([done, 0])
    }
  })

  test('Enter in the field for the password ends no session', async () => {
    await using server = await startServer()
    const elsewhere = await logIn(server)
    await using context = await open({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${server.url}/sessions`)
    await submitLogin(page)
    let sent = 0
    page.on('request', () => sent++)
    await page.getByLabel('Your password').fill(ADMIN_PASSWORD)
    await page.keyboard.press('Enter')
    // Whatever Enter sends is on its way before this is.
    await page.getByRole('link', { name: 'Password', exact: true }).click()
    await page.getByLabel('New password').waitFor()
    expect(sent).toBe(1)
    expect((await elsewhere.ask('/session/get')).status).toBe(200)
  })

  test('pages of admins can be read', async () => {
    await using server = await startServer()
    await using context = await open({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${server.url}/console/sessions`)
    await submitLogin(page)
    await page.getByLabel('User').fill('admin')
    await page.getByRole('button', { name: 'Search' }).click()
    expect(await page.locator('main tbody > tr').count()).toBe(1)
    for (const [path, text] of [
      ['users', 'admin'],
      ['user?uname=admin', 'Sessions'],
      ['log', 'Logged in'],
      ['overview', 'All is well'],
    ] as const) {
      await goUntilSaid(page, `${server.url}/console/${path}`, text)
    }
  })
})

describeWithBrowser('a page', (open) => {
  test('is drawn by what comes first, and needs nothing but its script then', async () => {
    await using server = await startServer()
    await using context = await open()
    await (await visit(context, server, '/sessions')).close()
    const asked: string[] = []
    context.on('request', (request) => asked.push(new URL(request.url()).pathname))
    const page = await visit(context, server, '/sessions')
    expect(asked.filter((path) => path !== '/sessions')).toEqual(['/console/script.js', '/session/events'])
    // And the browser goes on from what the server sent: the same words in the same places, but for instants and what needs a script.
    await using plain = await open({ javaScriptEnabled: false, storageState: await context.storageState() })
    const unscripted = await plain.newPage()
    await unscripted.goto(`${server.url}/sessions`)
    const wordsOn = (each: typeof page) =>
      each.locator('h1, nav a, main td.main, main button, .tag').allTextContents()
    expect(await wordsOn(unscripted)).toEqual(await wordsOn(page))
    expect(await wordsOn(page)).toContain('this one')
  })
})
