import { expect, test } from 'bun:test'
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

// The browser would follow it as our own page, which needs no CSRF token for a GET.
test('a login never leads to a call that changes something', async () => {
  await using server = await startServer()
  for (const path of [
    '/session/put?role=admin',
    '/api/2/session/delete',
    '/x/../session/put?role=admin',
    '/session\\put?role=admin',
    '/login/logout.csp',
  ]) {
    expect([path, await leadsTo(server, path)]).toEqual([path, FRONT_PAGE])
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
