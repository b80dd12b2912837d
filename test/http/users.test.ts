import { expect, test } from 'bun:test'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { attempt } from './attempt.ts'

const statusOf = async (client: Client, path = '/session/get') => (await client.ask(path)).status

async function given(server: TestServer) {
  const user = await givenUser(server, 'bob')
  return {
    admin: await logIn(server),
    bobs: [await logIn(server, user), await logIn(server, { ...user, csrf: true })] as const,
    login: async (password = user.password) =>
      (await attempt(server, { z_username: 'bob', z_password: password })).status,
  }
}

const endings: Readonly<Record<string, readonly [path: string, fields: Record<string, string>]>> = {
  'disabling a user': ['/admin/users/update', { uname: 'bob', disabled: 'true' }],
  'deleting a user': ['/admin/users/delete', { uname: 'bob' }],
  'another password': ['/admin/users/update', { uname: 'bob', password: 'quite another one' }],
  'revoking by name': ['/admin/sessions/revoke', { uname: 'bob' }],
}

for (const [what, [path, fields]] of Object.entries(endings)) {
  test(`${what} ends all sessions of that user at once, and no other`, async () => {
    await using server = await startServer()
    const { admin, bobs } = await given(server)
    expect(await admin.json(path, fields)).toEqual({ ended: 2 })
    for (const bob of bobs) {
      expect(await statusOf(bob)).toBe(401)
      expect(await statusOf(bob, '/session/put?a=b')).toBe(401)
    }
    expect(await statusOf(admin)).toBe(200)
    expect(await admin.json('/admin/sessions/list?uname=bob')).toEqual({ sessions: [], next: null })
  })
}

test('who is disabled cannot log in until enabled again, and no session comes back by that', async () => {
  await using server = await startServer()
  const { admin, bobs, login } = await given(server)
  await admin.json('/admin/users/update', { uname: 'bob', disabled: 'true' })
  expect(await login()).toBe(401)
  await admin.json('/admin/users/update', { uname: 'bob', disabled: 'false' })
  expect(await statusOf(bobs[0])).toBe(401)
  expect(await login()).toBe(302)
})

test('a user who is made anew under an old name gets nothing of the old one', async () => {
  await using server = await startServer()
  const { admin, bobs, login } = await given(server)
  await admin.json('/admin/users/delete', { uname: 'bob' })
  await admin.json('/admin/users/create', { uname: 'bob', password: 'quite another one' })
  for (const bob of bobs) expect(await statusOf(bob)).toBe(401)
  expect(await login()).toBe(401)
  expect(await login('quite another one')).toBe(302)
})

test('a change of name, email or roles ends no session', async () => {
  await using server = await startServer()
  const { admin, bobs } = await given(server)
  const fields = { fullname: 'Bob', email: 'bob@example.com', roles: 'a, b,,c' }
  expect(await admin.json('/admin/users/update', { uname: 'bob', ...fields })).toEqual({ ended: 0 })
  expect(await bobs[0].json('/session/info')).toMatchObject({ ...fields, roles: ['a', 'b', 'c'] })
  expect(await admin.json('/admin/users/get?uname=bob')).toEqual({
    uname: 'bob',
    ...fields,
    roles: ['a', 'b', 'c'],
    disabled: false,
  })
})

test('a user has each role once, in the order in which they were first named', async () => {
  await using server = await startServer()
  const admin = await logIn(server)
  const rolesOf = async (uname: string) => {
    const user = (await admin.json(`/admin/users/get?uname=${uname}`)) as { roles: string[] }
    return user.roles
  }
  const fields = { uname: 'ada', password: 'quite a long one' }
  await admin.json('/admin/users/create', { ...fields, roles: 'b,a,b,,a' })
  expect(await rolesOf('ada')).toEqual(['b', 'a'])
  await admin.json('/admin/users/update?roles=a&roles=b,c,,a', { uname: 'ada' })
  expect(await rolesOf('ada')).toEqual(['a', 'b', 'c'])
})

test('a user who changes the own password stays logged in here and nowhere else', async () => {
  await using server = await startServer()
  const { bobs, login } = await given(server)
  const [here, there] = bobs
  await here.json('/session/put', { a: 'b' })
  const change = { old: 'bob likes long passwords', new: 'quite another one' }
  expect(await here.json('/user/password', change)).toEqual({ ended: 1 })
  expect(await here.json('/session/get')).toEqual({ a: 'b' })
  expect(await statusOf(there)).toBe(401)
  expect(await login()).toBe(401)
  expect(await login('quite another one')).toBe(302)
})

test('the last admin stays one, and who is not the last does not have to', async () => {
  await using server = await startServer()
  const { admin, login } = await given(server)
  const refused = async (path: string, fields: Record<string, string>) => {
    const answer = await admin.ask(path, fields)
    return [answer.status, ((await answer.json()) as { code: string }).code]
  }
  const losses: readonly (readonly [string, Record<string, string>])[] = [
    ['/admin/users/delete', { uname: 'admin' }],
    ['/admin/users/update', { uname: 'admin', disabled: 'true' }],
    ['/admin/users/update', { uname: 'admin', roles: '' }],
    ['/admin/users/update', { uname: 'admin', roles: 'other', fullname: 'No Admin' }],
  ]
  for (const [path, fields] of losses) expect(await refused(path, fields)).toEqual([409, 'last_admin'])
  await admin.json('/admin/users/update', { uname: 'bob', roles: 'admin', disabled: 'true' })
  for (const [path, fields] of losses) expect(await refused(path, fields)).toEqual([409, 'last_admin'])
  expect(await statusOf(admin)).toBe(200)
  await admin.json('/admin/users/update', { uname: 'bob', disabled: 'false' })
  expect(await login()).toBe(302)
  expect(await admin.json('/admin/users/delete', { uname: 'admin' })).toEqual({ ended: 2 })
  expect(await statusOf(admin)).toBe(401)
})

test('a role that is taken away opens nothing from the very next request on', async () => {
  await using server = await startServer()
  const { admin, bobs } = await given(server)
  const [bob] = bobs
  expect(await statusOf(bob, '/admin/users/list')).toBe(403)
  await admin.json('/admin/users/update', { uname: 'bob', roles: 'admin' })
  expect(await statusOf(bob, '/admin/users/list')).toBe(200)
  await bob.json('/admin/users/update', { uname: 'admin', roles: '' })
  expect(await statusOf(admin, '/admin/users/list')).toBe(403)
  expect(await statusOf(admin, '/session/info')).toBe(200)
})

test('no call shows a password or its hash, and every admin call is refused to others', async () => {
  await using server = await startServer()
  const { admin, bobs } = await given(server)
  const seen: string[] = []
  for (const path of ['users/list', 'users/get?uname=bob', 'sessions/list', 'sessions/list?uname=bob']) {
    seen.push(await (await admin.ask(`/admin/${path}`)).text())
    expect(await statusOf(bobs[0], `/api/1/admin/${path}`)).toBe(403)
  }
  for (const call of ['users/create', 'users/update', 'users/delete', 'sessions/revoke']) {
    const answer = await bobs[0].ask(`/admin/${call}`, { uname: 'bob' })
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, 'role_missing'])
  }
  expect(seen.join()).not.toMatch(/argon2|password|likes long/i)
  for (const { cookie } of bobs) expect(seen.join()).not.toContain(cookie.split('=')[1] ?? '')
})

test('users are listed in order, a page at a time, each of them once', async () => {
  await using server = await startServer({ toml: 'login.hashes-at-once = 2\n' })
  const admin = await logIn(server)
  const names = ['zoe', 'Älva', 'bob', 'Bob', '😀', '￼', 'a b', '10', '9']
  await Promise.all(
    names.map((uname) => admin.json('/admin/users/create', { uname, password: 'quite a long one' })),
  )
  const listed: string[] = []
  let next: string | null = null
  do {
    const after: string = next === null ? '' : `&after=${encodeURIComponent(next)}`
    const page = (await admin.json(`/admin/users/list?limit=3${after}`)) as {
      users: { uname: string }[]
      next: string | null
    }
    expect(page.users.length).toBeLessThanOrEqual(3)
    listed.push(...page.users.map(({ uname }) => uname))
    next = page.next
  } while (next !== null)
  const expected = ['admin', ...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  expect(listed).toEqual(expected)
})

test('users are found by the beginning of their names, in any case and in pages, whichever name a page begins behind', async () => {
  await using server = await startServer()
  const admin = await logIn(server)
  const names = ['AM', 'AN', 'ANdy', 'Am', 'An', 'Anna', 'an', 'ana', 'anb', 'an\u00e9', 'ao', 'a\u00c9']
  for (const uname of names)
    await admin.json('/admin/users/create', { uname, password: 'a password of some length' })
  const search = async (query: Record<string, string>) => {
    const found: string[] = []
    let after: string | null = query['after'] ?? null
    do {
      const params = new URLSearchParams({ ...query, ...(after === null ? {} : { after }) })
      const page = (await admin.json(`/admin/users/list?${params}`)) as {
        users: { uname: string }[]
        next: string | null
      }
      expect(page.users.length).toBeLessThanOrEqual(Number(query['limit'] ?? 100))
      found.push(...page.users.map(({ uname }) => uname))
      after = page.next
    } while (after !== null)
    return found
  }
  const expected = ['AN', 'ANdy', 'An', 'Anna', 'an', 'ana', 'anb', 'an\u00e9']
  for (const prefix of ['an', 'AN', 'aN'])
    for (const limit of ['1', '2', '3', '7', '8', '100'])
      expect(await search({ prefix, limit })).toEqual(expected)
  expect(await search({ prefix: 'an', after: 'A' })).toEqual(expected)
  expect(await search({ prefix: 'an', after: 'An' })).toEqual(expected.slice(3))
  expect(await search({ prefix: 'an', after: 'Ao' })).toEqual(expected.slice(4))
  expect(await search({ prefix: 'an', after: 'ana' })).toEqual(expected.slice(6))
  expect(await search({ prefix: 'an', after: 'z' })).toEqual([])
  expect(await search({ prefix: 'ANE\u0301' })).toEqual(['an\u00e9'])
  expect(await search({ prefix: 'A\u00e9' })).toEqual(['a\u00c9'])
  expect(await search({ prefix: 'ANNA' })).toEqual(['Anna'])
  expect(await search({ prefix: 'anything' })).toEqual([])
  expect(await search({ prefix: '' })).toHaveLength(names.length + 1)
})
