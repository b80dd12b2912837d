import { expect, test } from 'bun:test'
import { newCookie } from '../../src/http/cookie.ts'
import { returnTarget } from '../../src/http/return.ts'
import { routes } from '../../src/http/routes.ts'
import { type Call, numberOf } from '../../src/metrics/meter.ts'
import { logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'
import { attempt, RIGHT } from './attempt.ts'

const FRONT_PAGE = '/index.csp'

/** What a stranger may have written into a link. */
const elsewhere: readonly string[] = [
  ...[
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    '/\\/evil.example',
  ],
  ...['/\t/evil.example', '/\r\n/evil.example', '\t//evil.example', ' //evil.example', '\0//evil.example'],
  ...[
    '/.//evil.example',
    '/a/..//evil.example',
    '/./\\evil.example',
    '/%2e//evil.example',
    '/a\\..\\\\evil.example',
  ],
  ...[
    'https://evil.example',
    'HTTPS://EVIL.EXAMPLE',
    'https:evil.example',
    'http:\\\\evil.example',
    'ht\ttps://evil.example',
  ],
  ...[
    '//app.example.com@evil.example',
    'https://evil.example\\@app.example.com',
    'https://user@app.example.com',
  ],
  ...[
    'https://app.example.com.evil.example',
    'https://app.example.com:8443/',
    'ftp://app.example.com/',
    'https://example.com',
  ],
  ...[
    'javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,x',
    'blob:https://app.example.com/x',
    'evil.example',
  ],
  ...[
    '',
    '?a=b',
    '／／evil.example',
    '//evil。example',
    'http://self.invalid/',
    '//self.invalid//evil.example',
    'http://[::1',
  ],
]

test('nothing that a link says leads a login off the server', async () => {
  const toml = 'return-hosts = ["app.example.com"]\nlogin.hashes-at-once = 2\nlogin.user-attempts = 1000\n'
  await using server = await startServer({ toml })
  const seen = await Promise.all(elsewhere.map(async (wanted) => [wanted, await leadsTo(server, wanted)]))
  expect(Object.fromEntries(seen)).toEqual(
    Object.fromEntries(elsewhere.map((wanted) => [wanted, FRONT_PAGE])),
  )
})

test('a path of this server and a host of the settings are where the login leads', async () => {
  await using server = await startServer({
    toml: 'return-hosts = ["app.example.com", "other.example:8443"]\n',
  })
  const targets: Record<string, string> = {
    '/sessions': '/sessions',
    '/sessions?a=b&c=%2F#d': '/sessions?a=b&c=%2F#d',
    '/%09/evil.example': '/%09/evil.example',
    '/%2f/evil.example': '/%2f/evil.example',
    '/ä b': '/%C3%A4%20b',
    '/a\r\nSet-Cookie: x=y': '/aSet-Cookie:%20x=y',
    'https://app.example.com': 'https://app.example.com/',
    'https://app.example.com/a?b#c': 'https://app.example.com/a?b#c',
    'http://app.example.com/': 'http://app.example.com/',
    'HTTPS://APP.example.com/': 'https://app.example.com/',
    '//app.example.com/a': 'http://app.example.com/a',
    'https://other.example:8443/': 'https://other.example:8443/',
  }
  const seen: Record<string, unknown> = {}
  for (const wanted of Object.keys(targets)) seen[wanted] = await leadsTo(server, wanted)
  expect(seen).toEqual(targets)
})

test('without a public URL a login leads to a URL of the name that the request came by, and to no change there', async () => {
  await using server = await startServer({ nodes: 1 })
  const { port, url } = server
  expect(await leadsTo(server, `${url}/sessions?a=b`)).toBe(`${url}/sessions?a=b`)
  const others = [
    `${url}/session/invalidate`,
    `${url}/login/logout.csp`,
    `https://127.0.0.1:${port}/sessions`,
  ]
  for (const other of [...others, `http://localhost:${port}/sessions`, `http://127.0.0.1:${port + 1}/`])
    expect([other, await leadsTo(server, other)]).toEqual([other, FRONT_PAGE])
})

/** Every spelling of a path that some proxy on the way could decode or resolve. */
const spellingsOf = (path: string): readonly string[] => {
  const first = `%${path.charCodeAt(1).toString(16)}`
  const encoded = `/${first}${path.slice(2)}`
  const slashed = `/${path.slice(1).replace('/', '%2f')}`
  return [
    path,
    path.toUpperCase(),
    encoded,
    encoded.replaceAll('%', '%25'),
    encoded.replaceAll('%', '%2525'),
    slashed,
    slashed.replaceAll('%', '%25'),
    slashed.replaceAll('%2f', '%5C'),
    `/x/..${path}`,
    `/x/%2e%2e${path}`,
    `/x/%252e%252E${path}`,
    `/x%2f..%2f..${path}`,
    `/.%2f${path.slice(1)}`,
    `/${path.slice(1).replace('/', '%2f%2f')}`,
    `/${path.slice(1).replace('/', '\\')}`,
    `/${path.slice(1).replace('/', '%09/')}`,
    `/${path.slice(1).replace('/', '%00/')}`,
    `/${path.slice(1).replace('/', '\t/')}`,
    `${path}/`,
    `${path}%20`,
    `${path}%3fa=b`,
    `${path}%23`,
    `${path};a=b`,
    `${path}?a=b`,
  ]
}

// The browser would follow it as our own page, which needs no CSRF token for a GET.
test('nothing that leads to a change, to the logout or to the login again is followed, however it is written', () => {
  const settings = {
    returnHosts: ['login.example.com'],
    cookie: newCookie({ name: 'zsessionid', domain: null, isSecure: false, prefix: 'auto' }),
    origin: { own: 'http://login.example.com', sharesCookie: false },
  }
  const harmless = ['page', 'health'].map((call) => numberOf(call as Call))
  const paths = [...routes].filter(([, { call }]) => !harmless.includes(call)).map(([path]) => path)
  expect(paths.length).toBeGreaterThan(50)
  for (const path of [...paths, '/api/1/anything']) {
    for (const each of spellingsOf(path)) {
      expect([each, returnTarget(each, null, settings)]).toEqual([each, null])
      const own = new URL(each, settings.origin.own).href
      expect([own, returnTarget(own, null, settings)]).toEqual([own, null])
    }
  }
  for (const each of ['/login', '/%6Cogin?return_to=%2F', '/login/', `/%${'25'.repeat(20)}41`])
    expect([each, returnTarget(each, null, settings)]).toEqual([each, null])
})

test('the scheme of the public URL holds: https never leads to plain http', async () => {
  const toml = 'return-hosts = ["app.example.com"]\n'
  await using server = await startServer({ toml, publicUrl: 'https://login.example.com', store: 'memory:' })
  const targets: Record<string, string> = {
    '//app.example.com/a': 'https://app.example.com/a',
    'https://app.example.com/a': 'https://app.example.com/a',
    'http://app.example.com/a': FRONT_PAGE,
    'https://login.example.com/sessions': 'https://login.example.com/sessions',
    '//login.example.com/sessions': 'https://login.example.com/sessions',
    'http://login.example.com/sessions': FRONT_PAGE,
    'https://login.example.com/session/put?a=b': FRONT_PAGE,
    'https://app.example.com/session/put?a=b': 'https://app.example.com/session/put?a=b',
  }
  const seen: Record<string, unknown> = {}
  for (const wanted of Object.keys(targets)) seen[wanted] = await leadsTo(server, wanted)
  expect(seen).toEqual(targets)
})

test('who is logged in already is led on at once, from each path that shows the login page', async () => {
  await using server = await startServer({ store: 'memory:' })
  const { ask } = await logIn(server)
  for (const page of ['/', '/index.csp', '/login']) {
    const there = await ask(`${page}?return_to=${encodeURIComponent('/client.html?a=b#c')}`)
    expect([page, there.status, there.headers.get('location')]).toEqual([page, 302, '/client.html?a=b#c'])
    for (const nowhere of ['//evil.example', '/login', '/login?return_to=/login', '/session%2fput?a=b']) {
      const shown = await ask(`${page}?return_to=${encodeURIComponent(nowhere)}`)
      expect([page, nowhere, shown.status]).toEqual([page, nowhere, 200])
    }
    const asked = await fetch(`${server.url}${page}?return_to=%2Fclient.html`, { redirect: 'manual' })
    expect([page, asked.status]).toEqual([page, 200])
    expect(await asked.text()).toContain('name="return_to" value="/client.html"')
  }
})

test('a logout hands on where the next login leads, if it may lead there', async () => {
  await using server = await startServer({ store: 'memory:' })
  for (const [wanted, location] of [
    ['/client.html', '/login?return_to=%2Fclient.html'],
    ['//evil.example', '/login'],
    ['/session%2fput?a=b', '/login'],
  ] as const) {
    const byLink = await (await logIn(server)).ask(
      `/login/logout.csp?return_to=${encodeURIComponent(wanted)}`,
    )
    expect([wanted, byLink.status, byLink.headers.get('location')]).toEqual([wanted, 302, location])
    const byForm = await (await logIn(server)).ask('/login/logout.csp', { return_to: wanted })
    expect([wanted, byForm.status, byForm.headers.get('location')]).toEqual([wanted, 302, location])
  }
})

test('who asks for a page without a login comes back to it after the login', async () => {
  await using server = await startServer()
  const first = await fetch(`${server.url}/sessions`, { redirect: 'manual' })
  expect(first.status).toBe(302)
  const location = first.headers.get('location') ?? ''
  expect(location).toBe('/login?return_to=%2Fsessions')
  const page = await (await fetch(server.url + location)).text()
  const [, hidden] = /name="return_to" value="([^"]*)"/.exec(page) ?? []
  expect(hidden).toBe('/sessions')
  const wrong = await attempt(server, { ...RIGHT, z_password: 'wrong', return_to: '/sessions' })
  expect(await wrong.text()).toContain('name="return_to" value="/sessions"')
  expect(await leadsTo(server, '/sessions')).toBe('/sessions')
})

async function leadsTo(server: Awaited<ReturnType<typeof startServer>>, wanted: string): Promise<string> {
  const answer = await attempt(server, { ...RIGHT, return_to: wanted })
  expect(answer.status).toBe(302)
  return answer.headers.get('location') ?? ''
}
