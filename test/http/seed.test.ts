import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { describeWithBrowser, logInByForm, sessionCookies } from '../support/browser.ts'
import { openShell } from '../support/curl.ts'
import { ADMIN_PASSWORD, startServer } from '../support/server.ts'

/** The page of documentation that existing programs were written by. */
const page = readFileSync(new URL('../fixtures/session-api.txt', import.meta.url), 'utf8')

/** The curl commands of the page, each over as many lines as it has there. */
const commands = page.match(/^curl (?:.*\\\n)*.*$/gm) ?? []

/** The only text in the page that has to change: where the server listens. */
const ADDRESS = '127.0.0.1:8080'

/** The JSON object that the page shows as the output of `get`. */
const shown = /^\{\n(?: {4}".*\n)+\}$/m.exec(page)?.[0] ?? ''

const jQueryExample = /^\$\.getJSON\([\s\S]*?^\}\);/m.exec(page)?.[0] ?? ''

const jQuery = require.resolve('jquery')

test("the page's curl commands work as they stand, for a cookie file that curl wrote once", async () => {
  await using server = await startServer({ durable: true })
  using shell = openShell()
  const here = (command: string) => {
    expect(command).toContain(`http://${ADDRESS}/`)
    return command.replace(ADDRESS, `127.0.0.1:${server.port}`)
  }
  const [put, get, remove, ...more] = commands.map(here)
  if (put === undefined || get === undefined || remove === undefined) throw new Error('A command is missing.')
  expect(more).toEqual([])

  await shell.run(`mkdir ~/.mmonit && curl -sS -c ~/.mmonit/cookie ${server.url}/index.csp`)
  const login = `z_username=admin&z_password=${ADMIN_PASSWORD.replaceAll(' ', '+')}&z_csrf_protection=off`
  await shell.run(`curl -sSf -b ~/.mmonit/cookie -d '${login}' ${server.url}/z_security_check`)

  expect(await shell.run(put)).toBe('{}')
  expect(await shell.run(get)).toBe(JSON.stringify(JSON.parse(shown)))
  expect(await shell.run(remove)).toBe('{}')
  expect(await shell.run(get)).toBe('{}')
})

test("the page's curl commands change nothing without the login", async () => {
  await using server = await startServer({ durable: true })
  using shell = openShell()
  await shell.run(`mkdir ~/.mmonit && curl -sS -c ~/.mmonit/cookie ${server.url}/index.csp`)
  for (const command of commands) {
    const problem = JSON.parse(await shell.run(command.replace(ADDRESS, `127.0.0.1:${server.port}`)))
    expect(problem).toMatchObject({ status: 401, code: 'not_logged_in' })
  }
})

describeWithBrowser("the page's jQuery example", (open) => {
  test('makes every later POST of the page carry the CSRF token, and none before it', async () => {
    await using server = await startServer({ durable: true })
    // Our pages forbid scripts; the page of a program that uses this API would not.
    await using context = await open({ bypassCSP: true })
    const page = await logInByForm(context, server)
    await page.addScriptTag({ path: jQuery })
    expect(await page.evaluate<string>('$.fn.jquery')).toStartWith('4.')
    const put = () =>
      page.evaluate(
        "$.post('session/put', { myvar1: 'hello' }).then((answer) => answer, (failure) => failure.status)",
      )
    const [cookie] = await sessionCookies(context, server)
    const stored = async () => {
      const answer = await fetch(`${server.url}/session/get`, {
        headers: { cookie: `zsessionid=${cookie?.value}` },
      })
      return { status: answer.status, attributes: await answer.json() }
    }

    expect(await put()).toBe(403)
    expect(await stored()).toEqual({ status: 200, attributes: {} })

    await page.evaluate('window.idle = new Promise((resolve) => { $(document).one("ajaxStop", resolve) }); 0')
    await page.addScriptTag({ content: jQueryExample })
    await page.evaluate('window.idle.then(() => 0)')

    expect(await put()).toEqual({})
    expect(await stored()).toEqual({ status: 200, attributes: { myvar1: 'hello' } })
    expect(await page.evaluate("$.getJSON('session/get?key=myvar1')")).toEqual({ myvar1: 'hello' })
  })
})
