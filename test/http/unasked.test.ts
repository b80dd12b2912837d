import { expect, test } from 'bun:test'
import { type Client, logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'

const PREFIXES = ['', '/api/1', '/api/2']
const CALLS = ['/session/put?colour=red', '/session/delete', '/session/invalidate']
const CHANGES = PREFIXES.flatMap((prefix) => CALLS.map((call) => prefix + call))
const LOGOUT = '/login/logout.csp'

/** The default of `session.idle`. */
const IDLE = 30 * 60_000

/** What browsers say, then and now, of what they ask for ahead of their user. */
const SPECULATIVE: readonly Record<string, string>[] = [
  { 'sec-purpose': 'prefetch' },
  { 'sec-purpose': 'prefetch;prerender' },
  { 'sec-purpose': 'Prefetch; anonymous-client-ip' },
  { purpose: 'prefetch' },
  { 'x-moz': 'prefetch' },
  { 'x-purpose': 'preview' },
  { 'x-sec-purpose': 'PRERENDER' },
]

/** What a browser says when a person goes somewhere, on plain http and else. */
const NAVIGATIONS: readonly Record<string, string>[] = [
  { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8' },
  { accept: '*/*', 'upgrade-insecure-requests': '1' },
  { accept: 'image/avif,image/webp,*/*;q=0.8' },
  { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' },
  { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
]

const bothKinds = async (server: TestServer) => [
  await logIn(server, { csrf: true }),
  await logIn(server, { csrf: false }),
]

/** A GET with the cookie alone: no header that only a script can set. */
const visit = (server: TestServer, { cookie }: Client, path: string, headers: Record<string, string>) =>
  fetch(server.url + path, { redirect: 'manual', headers: { cookie, ...headers } })

const codeOf = async (answer: Response) => ((await answer.json()) as { code: string }).code

test('what a browser prefetches changes nothing, ends no login and is no use of the session', async () => {
  await using server = await startServer({ store: 'memory:' })
  for (const csrf of [true, false]) {
    const client = await logIn(server, { csrf })
    expect((await client.ask('/sessions', null, SPECULATIVE[0])).status).toBe(200)
    await client.json('/session/put', { colour: 'blue' })
    server.now += IDLE - 1
    for (const headers of SPECULATIVE) {
      for (const path of [...CHANGES, LOGOUT]) {
        const answer = await client.ask(path, null, { 'sec-fetch-site': 'same-origin', ...headers })
        expect([path, headers, answer.status, answer.headers.get('set-cookie')]).toEqual([
          path,
          headers,
          403,
          null,
        ])
        expect(await codeOf(answer)).toBe('prefetch_refused')
      }
    }
    expect(await client.json('/session/get', null, { 'cloakroom-use': 'no' })).toEqual({ colour: 'blue' })
    server.now += 1
    expect((await client.ask('/session/get')).status).toBe(401)
  }
})

test('no link, redirect or image changes anything, whatever the protection, token or not', async () => {
  await using server = await startServer({ store: 'memory:' })
  for (const client of await bothKinds(server)) {
    await client.json('/session/put', { colour: 'blue' })
    const proofs = client.csrfToken === null ? [''] : ['', `CSRFToken=${client.csrfToken}`]
    const targets = CHANGES.flatMap((path) =>
      proofs.map((proof) => `${path}${path.includes('?') ? '&' : '?'}${proof}`),
    )
    for (const headers of NAVIGATIONS) {
      for (const target of targets) {
        const answer = await visit(server, client, target, headers)
        const seen = [target, headers, answer.status, await codeOf(answer)]
        expect(seen).toEqual([target, headers, 403, 'navigation_refused'])
      }
    }
    expect(await client.json('/session/get')).toEqual({ colour: 'blue' })
  }
})

test('a change with the Referer of another site is refused where a browser says nothing else', async () => {
  await using server = await startServer({ store: 'memory:' })
  for (const client of await bothKinds(server)) {
    await client.json('/session/put', { colour: 'blue' })
    const headers = { referer: 'http://evil.example/page' }
    for (const path of CHANGES) {
      for (const body of [null, { key: 'colour' }]) {
        const answer = await client.ask(path, body, headers)
        expect([path, answer.status, await codeOf(answer)]).toEqual([path, 403, 'cross_site'])
      }
    }
    expect((await client.ask(LOGOUT, {}, headers)).status).toBe(403)
    // A link on a page of another site may lead to a page of ours, and reading changes nothing.
    expect((await client.ask('/sessions', null, { ...headers, accept: 'text/html' })).status).toBe(200)
    expect(await client.json('/session/get', null, headers)).toEqual({ colour: 'blue' })
  }
})

test('programs and scripts go on changing by GET', async () => {
  await using server = await startServer({ store: 'memory:' })
  const client = await logIn(server, { csrf: false })
  const scripts: readonly Record<string, string>[] = [
    { accept: '*/*', 'user-agent': 'curl/7.88.1' },
    { accept: 'application/json, text/javascript, */*; q=0.01', 'user-agent': 'Mozilla/5.0 (X11)' },
    { accept: 'application/json' },
    // M/Monit's app for Android, and jQuery that loads a piece of a page.
    { accept: 'text/html,application/json' },
    { accept: 'text/html, */*; q=0.01', 'x-requested-with': 'XMLHttpRequest', 'user-agent': 'Mozilla/5.0' },
    { accept: '*/*', referer: `${server.url}/app` },
    { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', accept: 'text/html' },
    { 'sec-fetch-mode': 'cors' },
  ]
  for (const [i, headers] of scripts.entries()) {
    const answer = await client.ask(`/session/put?key${i}=x`, null, headers)
    expect([headers, answer.status]).toEqual([headers, 200])
  }
  for (const headers of scripts) {
    const again = await logIn(server, { csrf: true })
    const out = await visit(server, again, LOGOUT, headers)
    // A script of an old browser names the page that it runs in, or some header that only scripts can set.
    const isUnknown = headers['user-agent'] === 'Mozilla/5.0 (X11)'
    expect([headers, out.status]).toEqual([headers, isUnknown ? 200 : 302])
  }
})

test('a logout that a link, an image or another host asked for shows a page with a button, and changes nothing', async () => {
  await using server = await startServer({ store: 'memory:' })
  const others: readonly Record<string, string>[] = [
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-site': 'anything-new' },
    { referer: 'http://evil.example/' },
    { origin: 'http://evil.example' },
    { accept: '*/*', 'user-agent': 'Mozilla/5.0 (X11)' },
    ...NAVIGATIONS.filter((headers) => !('sec-fetch-site' in headers)),
  ]
  for (const client of await bothKinds(server)) {
    for (const headers of others) {
      const answer = await visit(server, client, `${LOGOUT}?return_to=%2Fclient.html`, headers)
      const page = await answer.text()
      expect([headers, answer.status, answer.headers.get('set-cookie')]).toEqual([headers, 200, null])
      expect(page.match(/<button/g)).toHaveLength(1)
      expect(page).not.toContain('<script')
      expect(page).toContain('name="return_to" value="/client.html"')
      const [, token = null] = /name="CSRFToken" value="([^"]*)"/.exec(page) ?? []
      expect(token).toBe(client.csrfToken)
    }
    expect((await client.ask('/session/get')).status).toBe(200)
    const done = await client.ask(LOGOUT, { CSRFToken: client.csrfToken ?? '' }, { origin: server.url })
    expect([done.status, done.headers.get('location')]).toEqual([302, '/login'])
    expect((await client.ask('/session/get')).status).toBe(401)
  }
  // Without a session the page is the same, and so tells nobody whether there is one.
  const nobody = await fetch(server.url + LOGOUT, { headers: { 'sec-fetch-site': 'cross-site' } })
  expect([nobody.status, await nobody.text()]).toEqual([200, expect.stringContaining('<button')])
})

test('a logout by the address bar, by our own page or by a program needs no button', async () => {
  await using server = await startServer({ store: 'memory:' })
  for (const headers of [
    { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'navigate' },
    { 'user-agent': 'Mozilla/5.0 (X11)', referer: `${server.url}/app` },
    { 'user-agent': 'curl/7.88.1' },
  ] as readonly Record<string, string>[]) {
    const client = await logIn(server, { csrf: true })
    const answer = await visit(server, client, LOGOUT, headers)
    expect([headers, answer.status]).toEqual([headers, 302])
    expect((await client.ask('/session/get')).status).toBe(401)
  }
})
