import { expect, test } from 'bun:test'
import type { BrowserContext } from 'playwright-core'
import { describeWithBrowser, logInByForm, sessionCookies, submitLogin } from '../support/browser.ts'
import { givenUser, logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Text that would become elements, and run, wherever it is not escaped. */
const HOSTILE = `</title></div><script>alert(1)</script><img src=x onerror="alert(1)"> "'&amp;`

/** Elements that no page of ours has. */
const FOREIGN = 'script:not(head > script[src], #data), img, b, i'

describeWithBrowser('in a browser', (open) => {
  test('everything works without scripts: log in, look at the sessions, end another one, log out', async () => {
    await using server = await startServer()
    const elsewhere = await logIn(server)
    await using context = await open({ javaScriptEnabled: false })
    const page = await logInByForm(context, server)
    expect(page.url()).toBe(`${server.url}/index.csp`)
    await page.getByText('You are logged in.').waitFor()

    await page.getByRole('link', { name: 'Your sessions' }).click()
    await page.getByText('this one').waitFor()
    expect(await page.locator('main tbody > tr').count()).toBe(2)
    expect((await elsewhere.ask('/session/get')).status).toBe(200)
    await page.getByRole('button', { name: /^End the session of/ }).click()
    await page.getByRole('button', { name: /^End the session of/ }).waitFor({ state: 'detached' })
    expect(page.url()).toBe(`${server.url}/sessions`)
    expect(await page.locator('main tbody > tr').count()).toBe(1)
    expect((await elsewhere.ask('/session/get')).status).toBe(401)

    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    expect(page.url()).toBe(`${server.url}/login`)
    await page.goto(`${server.url}/index.csp`)
    expect(await page.getByRole('button', { name: 'Log in' }).count()).toBe(1)
  })

  test('everything works on plain http under a name, too, where browsers say less of where requests come from', async () => {
    await using server = await startServer()
    await using context = await open()
    const url = `http://login.test:${server.port}`
    const elsewhere = await logIn(server)
    const page = await logInByForm(context, { url })
    await page.getByRole('link', { name: 'Your sessions' }).click()
    await page.getByRole('button', { name: /^End the session of/ }).click()
    await page.getByRole('button', { name: 'End session' }).click()
    await page.getByRole('button', { name: /^End the session of/ }).waitFor({ state: 'detached' })
    expect((await elsewhere.ask('/session/get')).status).toBe(401)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    expect(page.url()).toBe(`${url}/login`)
  })

  test('a wrong password is answered with a message, and the user name stays where it was', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await context.newPage()
    await page.goto(`${server.url}/index.csp`)
    await submitLogin(page, HOSTILE, 'not the password')
    const alert = page.getByRole('alert')
    expect(await alert.textContent()).toBe(
      'The user name or the password is wrong. Check both and try again.',
    )
    expect(await page.getByLabel('User name').inputValue()).toBe(HOSTILE)
    expect(await page.getByLabel('Password').inputValue()).toBe('')
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('z_password')
    await submitLogin(page)
    await page.getByText('You are logged in.').waitFor()
  })

  test('a page asked for without a login leads to the login, past a mistake there, and back to the page', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await context.newPage()
    await page.goto(`${server.url}/sessions`)
    expect(new URL(page.url()).pathname).toBe('/login')
    await submitLogin(page, 'admin', 'not the password')
    await page.getByRole('alert').waitFor()
    await submitLogin(page)
    await page.getByText('this one').waitFor()
    expect(page.url()).toBe(`${server.url}/sessions`)
  })

  test('a login leads to no other host, whatever the link to the login page says', async () => {
    await using server = await startServer()
    await using context = await open()
    for (const target of ['https://evil.example/', '/\\evil.example/']) {
      const page = await context.newPage()
      await page.goto(`${server.url}/login?return_to=${encodeURIComponent(target)}`)
      await submitLogin(page)
      await page.getByText('You are logged in.').waitFor()
      expect(page.url()).toBe(`${server.url}/index.csp`)
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByRole('button', { name: 'Log in' }).waitFor()
    }
  })

  test('who logs out in one tab is led to the login in the other', async () => {
    await using server = await startServer()
    await using context = await open()
    const one = await logInByForm(context, server)
    const other = await context.newPage()
    await other.goto(`${server.url}/sessions`)
    await one.getByRole('button', { name: 'Log out' }).click()
    await one.getByRole('button', { name: 'Log in' }).waitFor()
    await other.getByRole('button', { name: 'Log in' }).waitFor()
    await submitLogin(other)
    await other.getByText('this one').waitFor()
    expect(other.url()).toBe(`${server.url}/sessions`)
  })

  test('the cookie is for the server alone, for this run of the browser, and another one after the login', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await context.newPage()
    await page.goto(`${server.url}/index.csp`)
    const [before] = await sessionCookies(context, server)
    await submitLogin(page)
    await page.getByText('You are logged in.').waitFor()
    const [after, ...more] = await sessionCookies(context, server)
    const rules = {
      httpOnly: true,
      sameSite: 'Lax',
      path: '/',
      domain: '127.0.0.1',
      expires: -1,
      secure: false,
    }
    expect(before).toMatchObject(rules)
    expect(after).toMatchObject(rules)
    expect(more).toEqual([])
    expect(after?.value).not.toBe(before?.value)
    expect(await page.evaluate(() => document.cookie)).toBe('')
  })

  test('a browser that turns protection off gets a new cookie all the same', async () => {
    await using server = await startServer()
    await using context = await open()
    const page = await context.newPage()
    await page.goto(`${server.url}/index.csp`)
    const [before] = await sessionCookies(context, server)
    await page.evaluate(() => {
      const field = document.createElement('input')
      Object.assign(field, { type: 'hidden', name: 'z_csrf_protection', value: 'off' })
      document.forms[0]?.append(field)
    })
    await submitLogin(page)
    await page.getByText('You are logged in.').waitFor()
    const [after] = await sessionCookies(context, server)
    expect(after?.value).not.toBe(before?.value)
    const status = async (cookie: string | undefined) =>
      (await fetch(`${server.url}/session/put?a=1`, { headers: { cookie: `zsessionid=${cookie}` } })).status
    expect(await status(before?.value)).toBe(401)
    expect(await status(after?.value)).toBe(200)
  })

  test('no page makes the browser complain, or ask any other host', async () => {
    await using server = await startServer()
    await using context = await open()
    const seen = watch(context, server)
    const page = await logInByForm(context, server)
    await logIn(server)
    await page.getByRole('link', { name: 'Your sessions' }).click()
    await page.getByRole('button', { name: /^End the session of/ }).click()
    await page.getByRole('button', { name: 'End session' }).click()
    await page.getByRole('button', { name: /^End the session of/ }).waitFor({ state: 'detached' })
    await page.goto(`${server.url}/index.csp`)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    expect(seen.complaints).toEqual([])
    // A wrong password and a path that is not there are answers the browser itself remarks on, and nothing else may be.
    await submitLogin(page, 'admin', 'not the password')
    await page.getByRole('alert').waitFor()
    await page.goto(`${server.url}/nothing-here`)
    await page.getByText('There is nothing at this path').waitFor()
    expect(seen.complaints.filter((text) => !/status of 40[14]/.test(text))).toEqual([])
    expect(seen.elsewhere).toEqual([])
    expect(seen.requests).toBeGreaterThan(8)
  })

  test('our pages may change attributes by GET without the token', async () => {
    await using server = await startServer()
    await using context = await open({ bypassCSP: true })
    const page = await logInByForm(context, server)
    const get = (path: string) =>
      page.evaluate(async (path) => (await fetch(path)).json() as Promise<unknown>, path)
    expect(await get('session/put?a=1&b=2')).toEqual({})
    expect(await get('session/delete?key=a')).toEqual({})
    expect(await get('session/get')).toEqual({ b: '2' })
  })

  test('a name, a role or a user agent that is HTML is shown as the text that it is', async () => {
    await using server = await startServer()
    const { uname, password } = await givenUser(server, '<b>mallory</b>', {
      fullname: HOSTILE,
      roles: '<i>role</i>',
    })
    await fetch(`${server.url}/z_security_check`, {
      method: 'POST',
      body: new URLSearchParams({ z_username: uname, z_password: password }),
      headers: { 'user-agent': HOSTILE },
      redirect: 'manual',
    })
    await using context = await open({ bypassCSP: true })
    const page = await context.newPage()
    const dialogs: string[] = []
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message())
      return dialog.dismiss()
    })
    await page.goto(`${server.url}/index.csp`)
    await submitLogin(page, uname, password)
    await page.getByText('You are logged in.').waitFor()
    await page.goto(`${server.url}/console/session`)
    expect(await page.locator('dd').allTextContents()).toEqual(
      expect.arrayContaining([`${HOSTILE} (<b>mallory</b>)`, '<i>role</i>']),
    )
    expect(await page.locator(FOREIGN).count()).toBe(0)
    await page.goto(`${server.url}/sessions`)
    expect(await page.getByTitle(HOSTILE, { exact: true }).count()).toBe(1)
    expect(await page.locator(FOREIGN).count()).toBe(0)
    expect(dialogs).toEqual([])
  })
})

/** Writes down what pages of a browser complain about, and which other hosts they ask. */
function watch(context: BrowserContext, server: TestServer) {
  const seen = { complaints: [] as string[], elsewhere: [] as string[], requests: 0 }
  context.on('console', (message) => {
    seen.complaints.push(message.text())
  })
  context.on('weberror', (error) => {
    seen.complaints.push(error.error().message)
  })
  context.on('requestfailed', (request) => {
    const why = request.failure()?.errorText
    // Whoever leaves a page leaves its stream, and what it is just asking.
    if (why === 'net::ERR_ABORTED') return
    seen.complaints.push(`${request.url()}: ${why}`)
  })
  context.on('request', (request) => {
    seen.requests += 1
    if (new URL(request.url()).origin !== server.url) seen.elsewhere.push(request.url())
  })
  return seen
}
