import { expect, test } from 'bun:test'
import { type Client, logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { type Case, groupsOf, refusalOf, send } from './csrf-cases.ts'

const keyOf = (i: number) => `key${String(i).padStart(2, '0')}`

for (const isProtected of [true, false]) {
  const which = isProtected ? 'with protection' : 'without protection'

  for (const call of ['put', 'get', 'delete'] as const) {
    test(`${call} ${which} happens when the contract says so, and else nothing does`, async () => {
      await using server = await startServer()
      const client = await logIn(server, { csrf: isProtected })
      for (const group of groupsOf(isProtected, call)) await checkGroup(server, client, group)
    })
  }

  for (const call of ['invalidate', 'logout'] as const) {
    test(`${call} ${which} ends the session when the contract says so, and else leaves it`, async () => {
      await using server = await startServer()
      let client = await logIn(server, { csrf: isProtected })
      for (const each of thinned(groupsOf(isProtected, call).flat())) {
        const refusal = refusalOf(each)
        expect([each, await send(server, client, each, ['a', 'b'])]).toEqual([each, refusal])
        const { status } = await client.ask('/session/get')
        expect([each, status]).toEqual([each, refusal === null ? 401 : 200])
        if (refusal === null) client = await logIn(server, { csrf: isProtected })
      }
    })
  }
}

/** Sends the cases of a group, each with a key of its own, and looks at what became of the keys. */
async function checkGroup(server: TestServer, client: Client, group: readonly Case[]): Promise<void> {
  const keys = group.map((_, i) => keyOf(i))
  const isPut = group[0]?.call === 'put'
  await client.json('/session/delete', '')
  if (!isPut) await client.json('/session/put', Object.fromEntries(keys.map((key) => [key, 'x'])))
  const seen: unknown[] = []
  for (const [i, each] of group.entries()) {
    seen.push([each, await send(server, client, each, isPut ? [keyOf(i), 'x'] : ['key', keyOf(i)])])
  }
  expect(seen).toEqual(group.map((each) => [each, refusalOf(each)]))
  const isThere = (each: Case) => each.call === 'get' || (refusalOf(each) === null) === isPut
  const left = keys.filter((_, i) => isThere(group[i] as Case))
  expect(Object.keys((await client.json('/session/get')) as object)).toEqual(left)
}

/** Every session that ends costs a login: of the cases that end one, each kind stands once. */
function thinned(cases: readonly Case[]): readonly Case[] {
  const seen = new Set<string>()
  return cases.filter((each) => {
    if (refusalOf(each) !== null) return true
    const kind = [each.method, each.site, each.isProtected ? each.carrier === 'missing' : ''].join()
    return !seen.has(kind) && seen.add(kind)
  })
}

test('the token of a parameter is never stored, listed or deletable, wherever it came from', async () => {
  await using server = await startServer()
  const { ask, json, csrfToken, cookie } = await logIn(server, { csrf: true })
  const token = csrfToken ?? ''
  const bare = { CSRFToken: '', cookie }
  await json('/session/put', { a: '1', CSRFToken: token }, bare)
  await json(`/session/put?CSRFToken=${token}`, { b: '2' }, bare)
  await json('/session/put', JSON.stringify({ c: '3', CSRFToken: token }), {
    ...bare,
    'content-type': 'application/json',
  })
  await json(`/session/put?d=4&CSRFToken=${token}`, null, bare)
  expect(await json('/session/get')).toEqual({ a: '1', b: '2', c: '3', d: '4' })
  // Proven by the header, a wrong parameter is an attempt to put it.
  for (const wrong of ['x', '', `${token}x`]) {
    const answer = await ask('/session/put', { e: '5', CSRFToken: wrong })
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
      400,
      'reserved_attribute',
    ])
  }
  // The proof alone puts nothing.
  expect((await ask('/session/put', { CSRFToken: token }, bare)).status).toBe(400)
  await json('/session/delete', { key: 'CSRFToken', CSRFToken: token }, bare)
  await json('/session/delete', { key: 'a', CSRFToken: token }, bare)
  expect(await json('/session/get')).toEqual({ b: '2', c: '3', d: '4' })
  await json('/session/delete', { CSRFToken: token }, bare)
  expect(await json('/session/get')).toEqual({})
  expect(await json('/session/get?key=CSRFToken')).toEqual({ CSRFToken: token })
})

test('the token of another session proves nothing, and each login has its own', async () => {
  await using server = await startServer()
  const one = await logIn(server, { csrf: true })
  const other = await logIn(server, { csrf: true })
  expect(one.csrfToken).not.toBe(other.csrfToken)
  const answer = await one.ask('/session/put', { a: '1' }, { CSRFToken: other.csrfToken ?? '' })
  expect(answer.status).toBe(403)
  expect(one.cookie).not.toContain(one.csrfToken ?? '')
})

test('calls that change users and sessions want the token as well', async () => {
  await using server = await startServer()
  const { ask, cookie } = await logIn(server, { csrf: true })
  const changes: readonly (readonly [string, Record<string, string>])[] = [
    ['/session/revoke', { others: 'true' }],
    ['/user/password', { old: 'correct horse battery staple', new: 'another long one' }],
    ['/admin/users/create', { uname: 'eve', password: 'another long one' }],
    ['/admin/users/update', { uname: 'admin', fullname: 'Eve' }],
    ['/admin/users/delete', { uname: 'admin' }],
    ['/admin/sessions/revoke', { all: 'true' }],
    ['/sessions', { handle: 'x' }],
  ]
  for (const [path, fields] of changes) {
    // Of a page that is our own, too: only a GET can do without.
    for (const headers of [{}, { 'sec-fetch-site': 'same-origin' }]) {
      const answer = await ask(path, fields, { ...headers, CSRFToken: 'x', cookie })
      expect([path, answer.status]).toEqual([path, 403])
    }
  }
  expect((await ask('/admin/users/get?uname=eve')).status).toBe(404)
})

test('a login that a browser marks as coming from another site is refused', async () => {
  await using server = await startServer()
  const body = new URLSearchParams({ z_username: 'admin', z_password: 'correct horse battery staple' })
  for (const headers of [
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
  ]) {
    const answer = await fetch(`${server.url}/z_security_check`, {
      method: 'POST',
      body,
      headers,
      redirect: 'manual',
    })
    expect(answer.status).toBe(403)
    expect(answer.headers.get('set-cookie')).toBeNull()
  }
  for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: server.url }]) {
    const answer = await fetch(`${server.url}/z_security_check`, {
      method: 'POST',
      body,
      headers,
      redirect: 'manual',
    })
    expect(answer.status).toBe(302)
  }
})
