import { expect, test } from 'bun:test'
import { givenUser, logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { attempt, cookieOf, JSON_ANSWER, RIGHT } from './attempt.ts'

const SETTINGS = 'trusted-proxies = ["127.0.0.1"]\n[login]\nuser-attempts = 3\naddress-attempts = 5\n'
const BROWSER = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' }
const WRONG = { ...RIGHT, z_password: 'wrong' }

/** The device cookie that an answer sets, as a browser sends it back. */
const deviceOf = (answer: Response): string =>
  answer.headers
    .getSetCookie()
    .find((each) => each.includes('-device='))
    ?.split(';')[0] ?? ''

/** A login of a browser at an address, with these cookies. */
const enter = (server: TestServer, cookie: string, address: string, fields: Record<string, string> = RIGHT) =>
  attempt(server, fields, { ...BROWSER, ...JSON_ANSWER, 'x-forwarded-for': address, cookie })

const statusesOf = async (count: number, ask: () => Promise<Response>) => {
  const statuses: number[] = []
  for (let i = 0; i < count; i++) statuses.push((await ask()).status)
  return statuses
}

/** Wrong passwords of strangers, until the address has no attempts left. */
async function block(server: TestServer, address: string) {
  for (let i = 0; i < 5; i++)
    await enter(server, '', address, { z_username: `nobody${i}`, z_password: 'wrong' })
  expect((await enter(server, '', address)).status).toBe(429)
}

test('a browser gets a device cookie with each login, a program none', async () => {
  await using server = await startServer({ store: 'memory:' })
  const cookies = (await attempt(server, RIGHT, BROWSER)).headers.getSetCookie()
  expect(cookies).toHaveLength(2)
  expect(cookies[0]).toStartWith('zsessionid=')
  expect(cookies[1]).toMatch(
    /^zsessionid-device=[\w-]{56}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=34560000$/,
  )
  expect(deviceOf(await attempt(server, WRONG, BROWSER))).toBe('')
  for (const headers of [{}, { 'user-agent': 'curl/8.0' }, { 'sec-fetch-mode': 'cors' }])
    expect((await attempt(server, RIGHT, headers)).headers.getSetCookie()).toHaveLength(1)
})

test('the name and the attributes of the device cookie follow those of the session', async () => {
  const answers: string[] = []
  for (const toml of ['', '[cookie]\nname = "id"\ndomain = "example.org"\n']) {
    await using server = await startServer({ store: 'memory:', toml, publicUrl: 'https://login.example.org' })
    answers.push((await attempt(server, RIGHT, BROWSER)).headers.getSetCookie()[1] ?? '')
  }
  expect(answers[0]).toMatch(
    /^__Host-zsessionid-device=[\w-]{56}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=/,
  )
  expect(answers[1]).toMatch(
    /^__Secure-id-device=[\w-]{56}; Path=\/; HttpOnly; SameSite=Lax; Secure; Domain=example.org; Max-Age=/,
  )
})

test('a browser that logged in before is not locked out by strangers at its address', async () => {
  await using server = await startServer({ store: 'memory:', toml: SETTINGS })
  const device = deviceOf(await enter(server, '', '203.0.113.7'))
  for (const address of ['203.0.113.7', '198.51.100.1']) {
    await block(server, address)
    expect((await enter(server, device, address)).status).toBe(200)
    expect((await enter(server, '', address)).status).toBe(429)
  }
})

test('wrong passwords of a known browser count for it, and then it is a stranger until its window is over', async () => {
  await using server = await startServer({ store: 'memory:', toml: SETTINGS })
  const device = deviceOf(await enter(server, '', '203.0.113.7'))
  await block(server, '203.0.113.7')
  const guess = () => enter(server, device, '203.0.113.7', WRONG)
  expect(await statusesOf(5, guess)).toEqual([401, 401, 401, 429, 429])
  expect((await enter(server, device, '203.0.113.7')).status).toBe(429)
  // From elsewhere it is as good as any stranger.
  expect((await enter(server, device, '198.51.100.1')).status).toBe(200)
  server.now += 5 * 60_000
  expect((await enter(server, device, '203.0.113.7')).status).toBe(200)
})

test('a device cookie of another user, a changed one and an old one are worth nothing', async () => {
  await using server = await startServer({ store: 'memory:', toml: SETTINGS })
  const bob = await givenUser(server, 'bob')
  const asBob = { z_username: bob.uname, z_password: bob.password }
  const ofBob = deviceOf(await enter(server, '', '203.0.113.7', asBob))
  const ofAdmin = deviceOf(await enter(server, '', '203.0.113.7'))
  await block(server, '203.0.113.7')
  const statusWith = async (cookie: string, fields: Record<string, string>) =>
    (await enter(server, cookie, '203.0.113.7', fields)).status
  expect(await statusWith(ofBob, RIGHT)).toBe(429)
  expect(await statusWith(ofBob.replace(/=.{3}/, '=AAA'), asBob)).toBe(429)
  expect(await statusWith(ofBob, asBob)).toBe(200)
  server.now += 400 * 86_400_000
  await block(server, '203.0.113.7')
  expect(await statusWith(ofAdmin, RIGHT)).toBe(429)
})

test('one browser is known for several users', async () => {
  await using server = await startServer({ store: 'memory:', toml: SETTINGS })
  const bob = await givenUser(server, 'bob')
  const asBob = { z_username: bob.uname, z_password: bob.password }
  const first = deviceOf(await enter(server, '', '203.0.113.7'))
  const both = deviceOf(await enter(server, first, '203.0.113.7', asBob))
  await block(server, '203.0.113.7')
  expect((await enter(server, both, '203.0.113.7')).status).toBe(200)
  expect((await enter(server, both, '203.0.113.7', asBob)).status).toBe(200)
})

test('what ends all logins of a user ends the worth of the device cookies, and a logout does not', async () => {
  const endings: Record<string, (server: TestServer, cookie: string) => Promise<Record<string, string>>> = {
    'a logout': async (server, cookie) => {
      await fetch(`${server.url}/login/logout.csp`, {
        method: 'POST',
        headers: { cookie },
        redirect: 'manual',
      })
      return {}
    },
    'another password': async (server) => {
      await (await logIn(server)).json('/admin/users/update', { uname: 'bob', password: 'quite another one' })
      return { z_password: 'quite another one' }
    },
    'the end of all sessions': async (server) => {
      await (await logIn(server)).json('/admin/sessions/revoke', { uname: 'bob' })
      return {}
    },
  }
  for (const [name, end] of Object.entries(endings)) {
    await using server = await startServer({ store: 'memory:', toml: SETTINGS })
    const bob = await givenUser(server, 'bob')
    const fields = { z_username: bob.uname, z_password: bob.password, z_csrf_protection: 'off' }
    const answer = await enter(server, '', '203.0.113.7', fields)
    const changed = await end(server, cookieOf(answer))
    await block(server, '203.0.113.7')
    const status = (await enter(server, deviceOf(answer), '203.0.113.7', { ...fields, ...changed })).status
    expect([name, status]).toEqual([name, name === 'a logout' ? 200 : 429])
  }
})

test('a known browser changes the password of its user also where strangers have used up the attempts', async () => {
  await using server = await startServer({ store: 'memory:', toml: SETTINGS })
  const answer = await enter(server, '', '203.0.113.7', { ...RIGHT, z_csrf_protection: 'off' })
  const headers = { 'x-forwarded-for': '203.0.113.7', cookie: cookieOf(answer) }
  await block(server, '203.0.113.7')
  const change = (cookie: string) =>
    fetch(`${server.url}/user/password`, {
      method: 'POST',
      body: new URLSearchParams({ old: RIGHT.z_password, new: 'quite another one' }),
      headers: { ...headers, cookie },
    })
  expect((await change(headers.cookie)).status).toBe(429)
  expect((await change(`${headers.cookie}; ${deviceOf(answer)}`)).status).toBe(200)
})

test('a device cookie opens nothing and is in no line of the log, and works after a restart', async () => {
  const first = await startServer({ durable: true, toml: SETTINGS })
  const device = deviceOf(await enter(first, '', '203.0.113.7'))
  const value = device.split('=')[1] ?? ''
  for (const cookie of [device, `zsessionid=${value}`])
    expect((await fetch(`${first.url}/session/get`, { headers: { cookie } })).status).toBe(401)
  await enter(first, device, '203.0.113.7', WRONG)
  expect(first.log.join('\n')).not.toContain(value)
  await using server = await first.restart()
  await block(server, '203.0.113.7')
  expect((await enter(server, device, '203.0.113.7')).status).toBe(200)
})
