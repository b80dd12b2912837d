import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'
import { attempt, cookieOf, RIGHT, statusOf, visit } from './attempt.ts'

/** The attributes of the cookie that an answer sets, sorted. */
const attributesOf = (answer: Response) =>
  (answer.headers.get('set-cookie') ?? '')
    .split(';')
    .slice(1)
    .map((part) => part.trim())
    .sort()

const TOKEN = /^[\w-]{44,95}$/

interface Named {
  readonly says: string
  readonly publicUrl?: string
  readonly toml?: string
  readonly name: string
  readonly attributes: readonly string[]
}

const named: readonly Named[] = [
  {
    says: 'on plain http it has the plain name',
    name: 'zsessionid',
    attributes: ['HttpOnly', 'Path=/', 'SameSite=Lax'],
  },
  {
    says: 'on https it belongs to the host alone',
    publicUrl: 'https://login.example.com',
    name: '__Host-zsessionid',
    attributes: ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'],
  },
  {
    says: 'on https with a domain it is shared',
    publicUrl: 'https://login.example.com',
    toml: '[cookie]\ndomain = "example.com"',
    name: '__Secure-zsessionid',
    attributes: ['Domain=example.com', 'HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'],
  },
  {
    says: 'on http with a domain it is shared under its plain name',
    publicUrl: 'http://login.example.com',
    toml: '[cookie]\ndomain = "example.com"',
    name: 'zsessionid',
    attributes: ['Domain=example.com', 'HttpOnly', 'Path=/', 'SameSite=Lax'],
  },
  {
    says: 'its name is a setting',
    toml: '[cookie]\nname = "door"',
    name: 'door',
    attributes: ['HttpOnly', 'Path=/', 'SameSite=Lax'],
  },
  {
    says: 'the name that is set gets the prefix as well',
    publicUrl: 'https://login.example.com',
    toml: '[cookie]\nname = "door"',
    name: '__Host-door',
    attributes: ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'],
  },
  {
    says: 'keeps the bare name over https if the settings say so, for old programs',
    publicUrl: 'https://login.example.com',
    toml: '[cookie]\nprefix = "none"',
    name: 'zsessionid',
    attributes: ['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'],
  },
  {
    says: 'keeps the bare name with a cookie domain too',
    publicUrl: 'https://login.example.com',
    toml: '[cookie]\nprefix = "none"\ndomain = "example.com"',
    name: 'zsessionid',
    attributes: ['Domain=example.com', 'HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'],
  },
]

for (const { says, name, attributes, ...settings } of named) {
  test(`the cookie: ${says}`, async () => {
    await using server = await startServer(settings)
    const page = await fetch(`${server.url}/login`)
    const login = await attempt(server, RIGHT)
    for (const answer of [page, login]) {
      expect(answer.headers.getSetCookie()).toHaveLength(1)
      expect(cookieOf(answer).split('=')[0]).toBe(name)
      expect(cookieOf(answer).split('=')[1]).toMatch(TOKEN)
      expect(attributesOf(answer)).toEqual([...attributes])
    }
    const cookie = cookieOf(login)
    expect(await statusOf(server, cookie)).toBe(200)
    expect(await statusOf(server, `other${cookie}`)).toBe(401)
    expect(await statusOf(server, cookie.replace(name, name === 'zsessionid' ? 'x' : 'zsessionid'))).toBe(401)
    const logout = await fetch(`${server.url}/login/logout.csp`, { headers: { cookie }, redirect: 'manual' })
    expect(cookieOf(logout)).toBe(`${name}=`)
    expect(attributesOf(logout)).toEqual(
      [...attributes, 'Expires=Thu, 01-Jan-1970 00:00:00 GMT', 'Max-Age=0'].sort(),
    )
  })
}

test('of several cookies of the name each is tried, wherever the live one stands', async () => {
  await using server = await startServer()
  const { cookie } = await logIn(server)
  const ended = await logIn(server)
  await ended.json('/session/invalidate')
  const others = [ended.cookie, await visit(server), `zsessionid=u${'A'.repeat(43)}`, 'zsessionid=', 'a=b']
  const garbage = Array.from({ length: 50 }, (_, i) => `zsessionid=garbage${i}`)
  const lookalikes = Array.from({ length: 8 }, (_, i) => `zsessionid=u${String(i).padStart(43, '0')}`)
  expect(await statusOf(server, others.join('; '))).toBe(401)
  for (const cookies of [
    [cookie, ...others],
    [...others, cookie],
    [...others.slice(0, 2), cookie, ...others.slice(2)],
    [...garbage, cookie],
    [...lookalikes.slice(1), cookie],
    [cookie, cookie],
  ]) {
    expect(await statusOf(server, cookies.join('; '))).toBe(200)
    expect(await statusOf(server, cookies.join(';'))).toBe(200)
  }
  // No more than eight, so that nobody makes the server look for very many.
  expect(await statusOf(server, [...lookalikes, cookie].join('; '))).toBe(401)
  expect(await statusOf(server, [cookie, ...lookalikes].join('; '))).toBe(200)
})

test('several cookies of the name are tried for a write as well, and none gets it that has no right to', async () => {
  await using server = await startServer()
  const open = await logIn(server)
  const guarded = await logIn(server, { csrf: true })
  const ended = await logIn(server, { csrf: true })
  await ended.ask('/session/invalidate', '')
  await open.json('/session/put', { a: '1' }, { cookie: `${ended.cookie}; ${open.cookie}` })
  expect(await open.json('/session/get')).toEqual({ a: '1' })
  const answer = await open.ask('/session/put', { a: '2' }, { cookie: `${guarded.cookie}; ${open.cookie}` })
  expect(answer.status).toBe(403)
  expect(await open.json('/session/get')).toEqual({ a: '1' })
  expect(await guarded.json('/session/get')).toEqual({})
})

test('a token is never the same twice, and no part of it is the handle', async () => {
  await using server = await startServer()
  const clients = [await logIn(server), await logIn(server), await logIn(server, { csrf: true })]
  const tokens = clients.map(({ cookie }) => cookie.split('=')[1] ?? '')
  expect(new Set(tokens).size).toBe(3)
  for (const [i, { json, csrfToken }] of clients.entries()) {
    const { handle } = (await json('/session/info')) as { handle: string }
    expect(tokens[i]).not.toContain(handle)
    expect(await statusOf(server, `zsessionid=${handle}`)).toBe(401)
    if (csrfToken !== null) expect(await statusOf(server, `zsessionid=${csrfToken}`)).toBe(401)
  }
})

test('with a cookie domain the other hosts of the site may ask, and other sites may not', async () => {
  await using server = await startServer({
    publicUrl: 'https://login.example.com',
    toml: '[cookie]\ndomain = "example.com"',
  })
  const client = await logIn(server)
  const put = async (site: string) =>
    (await client.ask('/session/put', 'a=b', { 'sec-fetch-site': site })).status
  expect(await put('same-site')).toBe(200)
  expect(await put('cross-site')).toBe(403)
  const guarded = await logIn(server, { csrf: true })
  const get = { 'sec-fetch-site': 'same-site', CSRFToken: '' }
  expect((await guarded.ask('/session/put?a=b', null, get)).status).toBe(403)
})
