import { expect, test } from 'bun:test'
import { describeWithBrowser, submitLogin } from '../support/browser.ts'
import { givenUser, logIn } from '../support/client.ts'
import { startProxy } from '../support/proxy.ts'
import { startServer } from '../support/server.ts'
import { startTicking } from '../support/ticking.ts'
import { attributeOn, ready, rowsOf, visit } from './world.ts'

const MINUTE = 60_000

describeWithBrowser('pages that are open', (open) => {
  test('what another tab or a program changes appears at once, in every tab', async () => {
    await using server = await startServer()
    await using context = await open()
    const one = await visit(context, server, '/console/session')
    const other = await visit(context, server, '/console/session')
    await one.getByLabel('Key').fill('theme')
    await one.getByLabel('Value').fill('dark')
    await one.getByRole('button', { name: 'Add' }).click()
    await attributeOn(other, 'theme').waitFor()
    await other.getByText('1 attribute of 1,024').waitFor()
    // A program that has the same cookie.
    const [cookie] = await context.cookies(server.url)
    const headers = { cookie: `zsessionid=${cookie?.value}` }
    const { CSRFToken } = (await (
      await fetch(`${server.url}/session/get?key=CSRFToken`, { headers })
    ).json()) as { CSRFToken: string }
    const ask = (path: string, body: string) =>
      fetch(`${server.url}/session/${path}`, {
        method: 'POST',
        headers: { ...headers, CSRFToken, 'content-type': 'application/x-www-form-urlencoded' },
        body,
      })
    await other.getByRole('button', { name: 'Edit theme' }).click()
    await ask('put', 'theme=light&step=2')
    await one.getByText('light', { exact: true }).waitFor()
    await attributeOn(one, 'step').waitFor()
    await other.getByText('Somebody has changed it in the meantime, to: light').waitFor()
    await ask('delete', 'key=step')
    await attributeOn(one, 'step').waitFor({ state: 'detached' })
    await ask('delete', '')
    await one.getByText('This session has no attributes yet.').waitFor()
  })

  test('what is changed while a page comes is on it, in the first tab and in others', async () => {
    await using server = await startServer()
    await using context = await open()
    await (await visit(context, server, '/sessions')).close()
    for (const key of ['first', 'other']) {
      const page = await context.newPage()
      // The page is drawn, and its script waits for the change.
      await page.route(/script\.js/, async (route) => {
        await context.request.get(`${server.url}/session/put?${key}=late`, {
          headers: { 'Sec-Fetch-Site': 'same-origin' },
        })
        await route.continue()
      })
      await page.goto(`${server.url}/console/session`)
      await ready(page)
      await attributeOn(page, key).waitFor()
    }
  })

  test('what a page asks for by itself does not keep the session alive, and what it cannot have it asks for again', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await visit(context, server, '/console/session')
    const status = async () => {
      const answer = await page.request.get(`${server.url}/session/info`, {
        headers: { 'Cloakroom-Use': 'no' },
      })
      return answer.status()
    }
    let fails = true
    await page.route(/session\/get/, (route) =>
      fails
        ? route.fulfill({ status: 503, json: { code: 'store_unavailable', detail: 'Away.' } })
        : route.continue(),
    )
    await page.getByLabel('Key').fill('half typed')
    server.now += 29 * MINUTE
    const miss = () =>
      page.evaluate(() => new BroadcastChannel('cloakroom-live').postMessage({ event: { kind: 'missed' } }))
    const asked = () => page.waitForResponse(/session\/get/)
    const first = asked()
    await miss()
    expect((await first).status()).toBe(503)
    fails = false
    expect((await asked()).status()).toBe(200)
    expect(await page.getByLabel('Key').inputValue()).toBe('half typed')
    server.now += MINUTE - 1
    const last = asked()
    await miss()
    expect((await last).status()).toBe(200)
    server.now += 1
    expect(await status()).toBe(401)
  })

  test('all tabs of a browser share one stream, and another takes over when one is closed', async () => {
    await using server = await startServer()
    await using context = await open()
    let streams = 0
    context.on('request', (request) => {
      if (request.url().includes('/session/events')) streams += 1
    })
    const first = await visit(context, server, '/console/session')
    const others = [
      await visit(context, server, '/console/session'),
      await visit(context, server, '/console/session'),
    ]
    expect(streams).toBe(1)
    await first.close()
    const client = await context.newPage()
    await client.goto(`${server.url}/healthz`)
    for (let tries = 0; streams < 2 && tries < 200; tries++) await client.waitForTimeout(20)
    expect(streams).toBe(2)
    await context.request.get(`${server.url}/session/put?late=yes`, {
      headers: { 'Sec-Fetch-Site': 'same-origin' },
    })
    for (const page of others) await attributeOn(page, 'late').waitFor()
    expect(streams).toBe(2)
  })

  test('who is logged out in one tab, or elsewhere, is led to the login in all, and back to the page', async () => {
    await using server = await startServer()
    const alice = await givenUser(server, 'alice')
    await using context = await open()
    const one = await visit(context, server, '/index.csp', alice)
    const other = await visit(context, server, '/sessions', alice)
    await one.getByRole('button', { name: 'Log out' }).click()
    await one.getByRole('button', { name: 'Log in' }).waitFor()
    await other.getByRole('button', { name: 'Log in' }).waitFor()
    await submitLogin(other, alice.uname, alice.password)
    await ready(other)
    expect(new URL(other.url()).pathname).toBe('/sessions')
    const admin = await logIn(server)
    using time = startTicking()
    await admin.json('/admin/users/update', { uname: 'alice', disabled: 'true' })
    await other.getByRole('button', { name: 'Log in' }).waitFor()
    expect(time.ms).toBeLessThan(5_000)
  })

  test('looking at a page that keeps itself up to date does not keep the session alive', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await visit(context, server, '/console/overview')
    const endsAt = () =>
      page.evaluate(async () => {
        const answer = await fetch('/session/info', { headers: { 'Cloakroom-Use': 'no' } })
        return Date.parse(((await answer.json()) as { endsAt: string }).endsAt)
      })
    // The page looks when it is seen again, as it does every ten seconds.
    const poll = async () => {
      const polled = page.waitForResponse(/admin\/overview/)
      await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
      return (await polled).status()
    }
    const listed = async () => {
      const admin = await logIn(server)
      const { sessions } = (await admin.json('/session/list')) as {
        sessions: { usedAt: string; current: boolean }[]
      }
      await admin.json('/session/invalidate', '')
      return sessions.find(({ current }) => !current)?.usedAt
    }
    const end = await endsAt()
    const usedAt = await listed()
    server.now += 20 * MINUTE
    expect(await poll()).toBe(200)
    expect(await listed()).toBe(usedAt as string)
    server.now = end - 1
    expect(await poll()).toBe(200)
    server.now += 1
    expect(await poll()).toBe(401)
    await page.getByRole('button', { name: 'Log in' }).waitFor()
  })

  test('a page says that the connection was lost, and comes back by itself with what it missed', async () => {
    await using server = await startServer()
    await using network = startProxy(server.port)
    await using context = await open()
    const page = await visit(context, { url: `http://127.0.0.1:${network.port}` }, '/console/session')
    network.mood = 'reset'
    network.cut()
    await page.getByText('The connection was lost.').waitFor()
    await page.getByLabel('Key').fill('a')
    await page.getByRole('button', { name: 'Add' }).click()
    await page.getByRole('alert').getByText('The server cannot be reached.').waitFor()
    const [cookie] = await context.cookies(server.url)
    const headers = { cookie: `zsessionid=${cookie?.value}`, 'sec-fetch-site': 'same-origin' }
    expect((await fetch(`${server.url}/session/put?missed=yes`, { headers })).status).toBe(200)
    network.mood = 'well'
    await ready(page)
    await attributeOn(page, 'missed').waitFor()
    expect(await page.getByText('The connection was lost.').count()).toBe(0)
  })

  test('a page that comes back to the login of somebody else becomes that of somebody else', async () => {
    await using server = await startServer()
    const [alice, bob] = [await givenUser(server, 'alice'), await givenUser(server, 'bob')]
    await using network = startProxy(server.port)
    await using context = await open()
    const page = await visit(context, { url: `http://127.0.0.1:${network.port}` }, '/console/session', alice)
    network.mood = 'reset'
    network.cut()
    await page.getByText('The connection was lost.').waitFor()
    const form = { z_username: bob.uname, z_password: bob.password }
    expect((await context.request.post(`${server.url}/z_security_check`, { form })).status()).toBe(200)
    network.mood = 'well'
    await page.locator('.who .name').getByText('bob').waitFor()
    await ready(page)
  })

  test('two windows that log in at once each have a session of their own', async () => {
    await using server = await startServer()
    await using one = await open()
    await using other = await open()
    const [a, b] = await Promise.all([visit(one, server, '/sessions'), visit(other, server, '/sessions')])
    await a.reload()
    await ready(a)
    expect(await rowsOf(a).count()).toBe(2)
    await b.getByRole('button', { name: 'Log out' }).click()
    await b.getByRole('button', { name: 'Log in' }).waitFor()
    expect(await a.evaluate(async () => (await fetch('/session/get')).status)).toBe(200)
  })
})
