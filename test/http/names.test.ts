import { expect, test } from 'bun:test'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'

const PASSWORD = 'a long enough password'
const [COMPOSED, DECOMPOSED] = ['José Ångström'.normalize('NFC'), 'José Ångström'.normalize('NFD')]

const post = async (client: Client, path: string, fields: Record<string, string>) => {
  const answer = await client.ask(path, fields)
  const { code } = (await answer.json()) as { code?: string }
  return [answer.status, code]
}

const create = (admin: Client, uname: string, roles = '') =>
  post(admin, '/admin/users/create', { uname, password: PASSWORD, roles })

test('a user has one name in whichever spelling of Unicode it is typed', async () => {
  await using server = await startServer()
  const admin = await logIn(server)
  expect(await create(admin, DECOMPOSED)).toEqual([200, undefined])
  expect(await create(admin, COMPOSED)).toEqual([409, 'user_exists'])
  expect(await create(admin, DECOMPOSED)).toEqual([409, 'user_exists'])
  for (const uname of [COMPOSED, DECOMPOSED]) {
    const name = encodeURIComponent(uname)
    const user = await logIn(server, { uname, password: PASSWORD })
    expect(await user.json('/session/info')).toMatchObject({ uname: COMPOSED })
    expect(await admin.json(`/admin/users/get?uname=${name}`)).toMatchObject({ uname: COMPOSED })
    expect(await admin.json(`/admin/sessions/count?uname=${name}`)).toEqual({ sessions: 1 })
    const list = (await admin.json(`/admin/sessions/list?uname=${name}`)) as { sessions: unknown[] }
    expect(list.sessions).toHaveLength(1)
    expect(await post(admin, '/admin/users/update', { uname, fullname: uname })).toEqual([200, undefined])
    expect(await admin.json('/admin/sessions/revoke', { uname })).toEqual({ ended: 1 })
    expect((await user.ask('/session/get')).status).toBe(401)
  }
  expect(await post(admin, '/admin/users/delete', { uname: DECOMPOSED })).toEqual([200, undefined])
})

test('wrong passwords for one user in two spellings are counted together', async () => {
  await using server = await startServer({ store: 'memory:', toml: '[login]\nuser-attempts = 4\n' })
  await create(await logIn(server), COMPOSED)
  const statuses: number[] = []
  for (const uname of [COMPOSED, DECOMPOSED, COMPOSED, DECOMPOSED, COMPOSED, DECOMPOSED]) {
    const body = new URLSearchParams({ z_username: uname, z_password: 'guessed' })
    const headers = { accept: 'application/json' }
    statuses.push((await fetch(`${server.url}/z_security_check`, { method: 'POST', body, headers })).status)
  }
  expect(statuses).toEqual([401, 401, 401, 401, 429, 429])
})

for (const uname of ['аdmin', 'admın', 'Admin', 'ADMIN', 'adrnin', 'аdmіn', 'ａｄｍｉｎ', '𝐚𝐝𝐦𝐢𝐧'])
  test(`nobody is given a name that looks like an admin's: ${JSON.stringify(uname)}`, async () => {
    await using server = await startServer({ store: 'memory:' })
    expect(await create(await logIn(server), uname)).toEqual([409, 'name_looks_alike'])
  })

test('nobody becomes an admin whom another user looks like, and names of users may look alike', async () => {
  await using server = await startServer({ store: 'memory:' })
  const admin = await logIn(server)
  await givenUser(server, 'paul')
  expect(await create(admin, 'pаul')).toEqual([200, undefined])
  for (const uname of ['paul', 'pаul'])
    expect(await post(admin, '/admin/users/update', { uname, roles: 'admin' })).toEqual([
      409,
      'name_looks_alike',
    ])
  expect(await create(admin, 'Paul', 'admin')).toEqual([409, 'name_looks_alike'])
  expect(await create(admin, 'administrator')).toEqual([200, undefined])
  expect(await create(admin, 'root', 'admin')).toEqual([200, undefined])
  expect(await create(admin, 'rооt')).toEqual([409, 'name_looks_alike'])
})
