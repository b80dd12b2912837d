import { expect, test } from 'bun:test'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer, type TestServer } from '../support/server.ts'

const MINUTE = 60_000
const NEW = 'another long password'

const post = async (client: Client, path: string, fields: Record<string, string>) => {
  const answer = await client.ask(path, fields)
  const { code } = (await answer.json()) as { code?: string }
  return [answer.status, code]
}

const handleOf = async (client: Client) => ((await client.json('/session/info')) as { handle: string }).handle

/** Every call with which the thief of an admin's cookie could stay, or lock others out. Each is done at most once. */
const sensitive = (handle: string): readonly (readonly [path: string, fields: Record<string, string>])[] => [
  ['/admin/sessions/revoke', { handle }],
  ['/admin/users/create', { uname: 'mallory', password: NEW, roles: 'admin' }],
  ['/admin/users/create', { uname: 'plain', password: NEW }],
  ['/admin/users/update', { uname: 'bob', password: NEW }],
  ['/admin/users/update', { uname: 'bob', roles: 'admin' }],
  ['/admin/users/update', { uname: 'bob', roles: '' }],
  ['/admin/users/update', { uname: 'bob', disabled: 'true' }],
  ['/admin/users/update', { uname: 'bob', disabled: 'false', fullname: 'Bob' }],
  ['/admin/sessions/revoke', { uname: 'bob' }],
  ['/admin/users/delete', { uname: 'bob' }],
  ['/admin/sessions/revoke', { all: 'true' }],
]

/** An admin who logged in an hour ago, and a user with a session that was used just now. */
async function given(server: TestServer) {
  const bob = await givenUser(server, 'bob')
  const admin = await logIn(server)
  for (let i = 0; i < 3; i++) {
    server.now += 20 * MINUTE
    await admin.json('/session/info')
  }
  return { admin, bob, session: await logIn(server, bob) }
}

test('an admin who did not log in just now changes nobody who may log in without the own password', async () => {
  await using server = await startServer({ store: 'memory:' })
  const { admin, bob, session } = await given(server)
  const before = await admin.json('/admin/users/list')
  for (const prefix of ['', '/api/1', '/api/2'])
    for (const [path, fields] of sensitive(await handleOf(session)))
      expect([path, ...(await post(admin, prefix + path, fields))]).toEqual([path, 403, 'password_needed'])
  const wrong = { your_password: 'guessed' }
  expect(await post(admin, '/admin/users/delete', { uname: 'bob', ...wrong })).toEqual([
    403,
    'wrong_password',
  ])
  expect(await post(admin, '/admin/users/delete', { uname: 'bob', your_password: bob.password })).toEqual([
    403,
    'wrong_password',
  ])
  expect(await admin.json('/admin/users/list')).toEqual(before)
  expect((await session.ask('/session/get')).status).toBe(200)
  expect(server.log.join()).not.toContain('guessed')
})

test('the own password with the request is enough for each of them', async () => {
  await using server = await startServer({ store: 'memory:' })
  const { admin, session } = await given(server)
  for (const [path, fields] of sensitive(await handleOf(session))) {
    const proof = { your_password: ADMIN_PASSWORD }
    expect([path, fields, ...(await post(admin, path, { ...fields, ...proof }))]).toEqual([
      path,
      fields,
      200,
      undefined,
    ])
  }
  expect((await admin.ask('/session/get')).status).toBe(401)
})

test('an admin who logged in just now is not asked, and one who reads or changes a name never is', async () => {
  await using server = await startServer({ store: 'memory:', toml: '[session]\nfresh = "5m"\n' })
  const { session } = await given(server)
  const admin = await logIn(server)
  server.now += 5 * MINUTE - 1
  expect(await post(admin, '/admin/users/update', { uname: 'bob', roles: 'staff' })).toEqual([200, undefined])
  server.now += 1
  const late = { uname: 'bob', roles: 'staff' }
  expect(await post(admin, '/admin/users/update', late)).toEqual([403, 'password_needed'])
  const names = { uname: 'bob', fullname: 'Bob B.', email: 'bob@example.com' }
  expect(await post(admin, '/admin/users/update', names)).toEqual([200, undefined])
  for (const path of ['/admin/users/list', '/admin/sessions/list', '/admin/log/list', '/admin/overview'])
    expect((await admin.ask(path)).status).toBe(200)
  expect((await session.ask('/session/get')).status).toBe(200)
  expect(await post(admin, '/admin/sessions/revoke', { handle: await handleOf(admin) })).toEqual([
    200,
    undefined,
  ])
})

test('an admin changes the own password by user/password alone, which asks for the old one', async () => {
  await using server = await startServer({ store: 'memory:' })
  const admin = await logIn(server)
  for (const proof of [{}, { your_password: ADMIN_PASSWORD }]) {
    const fields = { uname: 'admin', password: NEW, ...proof }
    expect(await post(admin, '/admin/users/update', fields)).toEqual([403, 'own_password'])
  }
  expect(await post(admin, '/user/password', { old: NEW, new: NEW })).toEqual([403, 'wrong_password'])
  expect(await post(admin, '/user/password', { old: ADMIN_PASSWORD, new: NEW })).toEqual([200, undefined])
})

test('guessing the own password is slowed as at a login, and no URL may hold it', async () => {
  await using server = await startServer({ store: 'memory:', toml: '[login]\nuser-attempts = 3\n' })
  const { admin } = await given(server)
  const guess = (your_password: string) => post(admin, '/admin/users/delete', { uname: 'bob', your_password })
  for (let i = 0; i < 3; i++) expect(await guess(`guess ${i}`)).toEqual([403, 'wrong_password'])
  expect(await guess(ADMIN_PASSWORD)).toEqual([429, 'too_many_attempts'])
  for (const path of ['/admin/users/delete', '/session/revoke']) {
    const answer = await admin.ask(`${path}?your_password=x`, { uname: 'bob' })
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
      400,
      'invalid_parameter',
    ])
  }
})

test('users end their other sessions with the same parameter', async () => {
  await using server = await startServer({ store: 'memory:' })
  const { bob, session } = await given(server)
  const other = await logIn(server, bob)
  server.now += 20 * MINUTE
  expect(await post(session, '/session/revoke', { others: 'true' })).toEqual([403, 'password_needed'])
  const proof = { others: 'true', your_password: bob.password }
  expect(await post(session, '/session/revoke', proof)).toEqual([200, undefined])
  expect((await other.ask('/session/get')).status).toBe(401)
})
