import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { openShell } from '../support/curl.ts'
import { ADMIN_PASSWORD, startServer, type TestServer } from '../support/server.ts'
import { openConnection } from './old-connection.ts'
import { cookieOf, openOldProgram, requestLines } from './old-program.ts'

const PASSWORD = encodeURIComponent(ADMIN_PASSWORD)
const CREDENTIALS = `z_username=admin&z_password=${PASSWORD}`
const UNPROTECTED = `${CREDENTIALS}&z_csrf_protection=off`

/** One request on a connection of its own. */
async function ask(port: number, target: string, cookie: string | null, body: string | null = null) {
  using connection = openConnection(port)
  return await connection.send(requestLines(target, cookie, body), body ?? '')
}

/** Logs in with the cookie of the login page and goes on with it, whatever the login answers. */
async function loggedInCookie({ port }: TestServer): Promise<string> {
  const cookie = cookieOf(await ask(port, '/index.csp', null))
  expect((await ask(port, '/z_security_check', cookie, UNPROTECTED)).status).toBe(302)
  return cookie
}

test('a program keeps the first cookie for ever, over one connection and over many', async () => {
  await using server = await startServer()
  const { port } = server
  using connection = openConnection(port)
  const send = (target: string, cookie: string | null, body: string | null = null) =>
    connection.send(requestLines(target, cookie, body), body ?? '')

  const welcome = await send('/index.csp', null)
  expect(welcome.status).toBe(200)
  const cookie = cookieOf(welcome)
  expect(cookie).toStartWith('zsessionid=')
  const login = await send('/z_security_check', cookie, UNPROTECTED)
  expect([login.status, login.header('location')]).toEqual([302, '/index.csp'])
  expect((await send('/index.csp', cookie)).body).toContain('You are logged in.')

  expect((await send('/session/put', cookie, 'myvar1=hello&myvar2=world')).body).toBe('{}')
  expect((await send('/session/put?myvar3=again', cookie)).body).toBe('{}')
  expect((await ask(port, '/session/get', cookie, 'key=myvar1&key=myvar3')).body).toBe(
    '{"myvar1":"hello","myvar3":"again"}',
  )
  expect((await ask(port, '/session/delete?key=myvar1', cookie)).body).toBe('{}')
  expect((await ask(port, '/session/delete', cookie, 'key=myvar3')).body).toBe('{}')
  expect((await send('/session/get', cookie)).body).toBe('{"myvar2":"world"}')
})

test('a program says which version of the API it means, and all versions are the same session', async () => {
  await using server = await startServer()
  const cookie = await loggedInCookie(server)
  const bodyOf = async (target: string, body: string | null = null) =>
    (await ask(server.port, target, cookie, body)).body
  expect(await bodyOf('/api/1/session/put', 'a=1&b=2&c=3')).toBe('{}')
  expect(await bodyOf('/api/2/session/get')).toBe('{"a":"1","b":"2","c":"3"}')
  expect(await bodyOf('/api/2/session/delete', 'key=a')).toBe('{}')
  expect(await bodyOf('/session/delete?key=b')).toBe('{}')
  expect(await bodyOf('/api/1/session/get?key=a&key=b&key=c')).toBe('{"c":"3"}')
  expect(await bodyOf('/api/1/session/invalidate', '')).toBe('{}')
  expect((await ask(server.port, '/session/get', cookie)).status).toBe(401)
})

test('a program logs out with GET, and its cookie is dead from then on', async () => {
  await using server = await startServer()
  const cookie = await loggedInCookie(server)
  expect((await ask(server.port, '/session/get', cookie)).status).toBe(200)
  const logout = await ask(server.port, '/login/logout.csp', cookie)
  expect([logout.status, logout.header('location')]).toEqual([302, '/login'])
  expect(logout.header('set-cookie')).toStartWith('zsessionid=;')
  expect((await ask(server.port, '/session/get', cookie)).status).toBe(401)
  expect((await ask(server.port, '/login/logout.csp', cookie)).status).toBe(302)
})

test('a program that speaks HTTP/1.0, with or without Host, is answered, and the connection closed', async () => {
  await using server = await startServer()
  const answerTo = async (lines: readonly string[], body?: string) => {
    using connection = openConnection(server.port)
    const answer = await connection.send(lines, body)
    await connection.closed
    return answer
  }
  const bare = (target: string, cookie: string | null, body: string | null = null) =>
    requestLines(target, cookie, body, '1.0').filter((line) => !/^(Host|Connection):/.test(line))

  const cookie = cookieOf(await answerTo(bare('/index.csp', null)))
  expect((await answerTo(bare('/z_security_check', cookie, UNPROTECTED), UNPROTECTED)).status).toBe(302)
  expect((await answerTo(bare('/session/put', cookie, 'a=1'), 'a=1')).body).toBe('{}')
  expect((await answerTo(bare('/session/get?key=a', cookie))).body).toBe('{"a":"1"}')
  const withHost = ['GET /session/get HTTP/1.0', 'Host: 127.0.0.1', `Cookie: ${cookie}`]
  expect((await answerTo(withHost)).body).toBe('{"a":"1"}')
})

test('a cookie jar that follows redirects ends at the front page with 200', async () => {
  await using server = await startServer()
  using shell = openShell()
  const jar = ['-L', '-c', 'jar', '-b', 'jar', '-w', '\n%{http_code} %{url_effective}']
  const end = (path: string) => `\n200 ${server.url}${path}`

  expect(await shell.curl(...jar, `${server.url}/index.csp`)).toEndWith(end('/index.csp'))
  const login = await shell.curl(...jar, '-d', UNPROTECTED, `${server.url}/z_security_check`)
  expect(login).toContain('You are logged in.')
  expect(login).toEndWith(end('/index.csp'))
  expect(await shell.curl(...jar, '-d', 'a=1', `${server.url}/session/put`)).toBe(`{}${end('/session/put')}`)
  expect(await shell.curl(...jar, `${server.url}/session/get`)).toBe(`{"a":"1"}${end('/session/get')}`)
  const logout = await shell.curl(...jar, `${server.url}/login/logout.csp`)
  expect(logout).toContain('z_security_check')
  expect(logout).toEndWith(end('/login'))
})

test('a cookie jar that keeps protection on sends the token that it reads from its session', async () => {
  await using server = await startServer()
  using shell = openShell()
  const curl = (...args: string[]) => shell.curl('-L', '-c', 'jar', '-b', 'jar', ...args)
  await curl(`${server.url}/index.csp`)
  await curl('-d', CREDENTIALS, `${server.url}/z_security_check`)
  const { CSRFToken } = JSON.parse(await curl(`${server.url}/session/get?key=CSRFToken`))
  const put = (...proof: string[]) => curl(...proof, '-d', 'a=1', `${server.url}/session/put`)
  expect(JSON.parse(await put())).toMatchObject({ status: 403, code: 'csrf_failed' })
  expect(await put('-H', `CSRFToken: ${CSRFToken}`)).toBe('{}')
  expect(await put('-d', `CSRFToken=${CSRFToken}`)).toBe('{}')
  expect(await curl(`${server.url}/session/get`)).toBe('{"a":"1"}')
})

test('a cookie file that was written once serves ever after, and curl never needs another', async () => {
  await using server = await startServer()
  using shell = openShell()
  await shell.curl('-c', 'cookie', `${server.url}/index.csp`)
  const written = await Bun.file(join(shell.home, 'cookie')).text()
  const curl = (...args: string[]) => shell.curl('--fail', '-b', 'cookie', ...args)
  await curl('-d', UNPROTECTED, `${server.url}/z_security_check`)
  // Old versions of curl ask first where a body is longer than 1,024 bytes, and wait for «100 Continue».
  const value = 'x'.repeat(60_000)
  await Bun.write(join(shell.home, 'body'), `a=${value}`)
  const asking = ['-H', 'Expect: 100-continue', '--expect100-timeout', '60']
  expect(await curl(...asking, '-d', '@body', `${server.url}/session/put`)).toBe('{}')
  expect(await curl(`${server.url}/session/get`)).toBe(JSON.stringify({ a: value }))
  expect(await curl('-d', '', `${server.url}/session/delete`)).toBe('{}')
  expect(await curl(`${server.url}/session/get`)).toBe('{}')
  expect(await Bun.file(join(shell.home, 'cookie')).text()).toBe(written)
})

test('the cookie from before the login is worth nothing after a login that keeps protection on', async () => {
  await using server = await startServer()
  const { port } = server
  const cookie = cookieOf(await ask(port, '/index.csp', null))
  const login = await ask(port, '/z_security_check', cookie, CREDENTIALS)
  expect(login.status).toBe(302)
  expect((await ask(port, '/session/get', cookie)).status).toBe(401)
  expect((await ask(port, '/session/get', cookieOf(login))).status).toBe(200)
})

test('a form filler finds the login form where it was led, sends back all fields, and gets what it wanted', async () => {
  await using server = await startServer()
  const wanted = await fetch(`${server.url}/sessions`)
  expect([wanted.status, new URL(wanted.url).pathname]).toEqual([200, '/login'])
  const cookie = wanted.headers.get('set-cookie')?.split(';')[0] ?? ''
  const form = await formIn(wanted)
  expect(form.method).toBe('post')
  expect([...form.fields.keys()]).toEqual(['z_username', 'z_password', 'cookie_expected', 'return_to'])
  form.fields.set('z_username', 'admin')
  form.fields.set('z_password', ADMIN_PASSWORD)

  const login = await fetch(new URL(form.action, wanted.url), {
    method: 'POST',
    body: form.fields,
    headers: { cookie },
    redirect: 'manual',
  })
  expect(login.status).toBe(302)
  const page = await fetch(new URL(login.headers.get('location') ?? '', login.url), {
    headers: { cookie: login.headers.get('set-cookie')?.split(';')[0] ?? '' },
    redirect: 'manual',
  })
  expect([page.status, new URL(page.url).pathname]).toEqual([200, '/sessions'])
  expect(await page.text()).toContain('this one')
})

/** The form whose action is `z_security_check`, with the fields that it has and what they hold. */
async function formIn(page: Response) {
  const form = { action: '', method: '', fields: new URLSearchParams() }
  await new HTMLRewriter()
    .on('form[action="z_security_check"]', {
      element(element) {
        form.action = element.getAttribute('action') ?? ''
        form.method = element.getAttribute('method') ?? ''
      },
    })
    .on('form[action="z_security_check"] input[name]', {
      element(element) {
        form.fields.append(element.getAttribute('name') ?? '', element.getAttribute('value') ?? '')
      },
    })
    .transform(page)
    .text()
  return form
}

test('a script that stored its cookie once logs in with it at every run, and finds its session each time', async () => {
  await using server = await startServer({ store: 'memory:' })
  using script = openOldProgram(server.port)
  await script.send('/index.csp')
  script.keepsCookies = false
  for (const run of ['1', '2', '3']) {
    expect((await script.send('/z_security_check', UNPROTECTED)).status).toBe(302)
    expect((await script.send('/session/put', `run${run}=yes`)).body).toBe('{}')
    server.now += 15 * 60_000
  }
  expect((await script.send('/session/get')).body).toBe('{"run1":"yes","run2":"yes","run3":"yes"}')
})

test('a program that says nothing about protection is told what to say, and works when it does', async () => {
  await using server = await startServer({ store: 'memory:' })
  using program = openOldProgram(server.port)
  await program.send('/index.csp')
  program.keepsCookies = false
  expect((await program.send('/z_security_check', CREDENTIALS)).status).toBe(302)
  const refused = await program.send('/session/get')
  expect(refused.status).toBe(401)
  const { error, detail } = JSON.parse(refused.body) as { error: string; detail: string }
  expect(error).toBe(detail)
  expect(error).toContain('z_csrf_protection=off')
  program.keepsCookies = true
  await program.send('/index.csp')
  program.keepsCookies = false
  await program.send('/z_security_check', UNPROTECTED)
  expect((await program.send('/session/get')).body).toBe('{}')
})

test('a program whose library says how it fetches, as that of Node does, keeps its cookie', async () => {
  await using server = await startServer({ store: 'memory:' })
  using connection = openConnection(server.port)
  const send = (target: string, cookie: string | null, body: string | null = null) =>
    connection.send(
      [...requestLines(target, cookie, body), 'sec-fetch-mode: cors', 'user-agent: node'],
      body ?? '',
    )
  const cookie = cookieOf(await send('/index.csp', null))
  expect((await send('/z_security_check', cookie, UNPROTECTED)).status).toBe(302)
  expect((await send('/session/get', cookie)).body).toBe('{}')
})

test('a program that names an old charset is understood as long as what it sends is ASCII', async () => {
  await using server = await startServer({ store: 'memory:' })
  using connection = openConnection(server.port)
  const cookie = await loggedInCookie(server)
  for (const key of ['a', 'b']) {
    const lines = requestLines('/session/put', cookie, `${key}=1`).map((line) =>
      line.startsWith('Content-Type') ? `${line}; charset=ISO-8859-1` : line,
    )
    expect((await connection.send(lines, `${key}=1`)).body).toBe('{}')
  }
  expect((await ask(server.port, '/session/get', cookie)).body).toBe('{"a":"1","b":"1"}')
})

test('a program that goes by the name of the cookie finds it over https, if the settings keep the bare name', async () => {
  await using server = await startServer({
    store: 'memory:',
    publicUrl: 'https://login.example.com',
    toml: 'cookie.prefix = "none"',
  })
  const named = /^zsessionid=[\w-]+$/
  using program = openOldProgram(server.port)
  expect(cookieOf(await program.send('/index.csp'))).toMatch(named)
  expect(cookieOf(await program.send('/z_security_check', UNPROTECTED))).toMatch(named)
  expect((await program.send('/session/get')).body).toBe('{}')
})

test('a program that writes its cookie as RFC 2109 has it is understood', async () => {
  await using server = await startServer({ store: 'memory:' })
  const cookie = await loggedInCookie(server)
  for (const written of [`$Version=0; ${cookie}; $Path=/`, `${cookie};`, `other=1;${cookie};x=y`])
    expect((await ask(server.port, '/session/get', written)).body).toBe('{}')
})
