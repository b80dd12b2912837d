import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { openPlace, type Place } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

const PASSWORD = 'alice likes long passwords'

async function givenAlice(place: Place, ...flags: string[]): Promise<void> {
  const { code } = await place.run(['user', 'add', 'alice', ...flags], { input: `${PASSWORD}\n` })
  expect(code).toBe(0)
}

const update = (place: Place, ...flags: string[]) => place.run(['user', 'update', 'alice', ...flags])

/** The user alice, as the list has her. */
async function alice(place: Place): Promise<Record<string, unknown>> {
  const users = (await place.run(['user', 'list', '--json'])).out.trim().split('\n')
  return users.map((line) => JSON.parse(line)).find(({ uname }) => uname === 'alice')
}

test.concurrent('a user is updated in what is named, and in nothing else', async () => {
  await using place = openPlace()
  await givenAlice(place, '--fullname', 'Alice Doe', '--email', 'alice@example.com', '--role', 'staff')
  const before = await alice(place)
  const named = await update(place, '--fullname', 'Alice Roe')
  expect(named).toEqual({ code: 0, out: 'alice is updated: fullname Alice Roe.\n', err: '' })
  expect(await alice(place)).toEqual({ ...before, fullname: 'Alice Roe' })
  const rest = await update(place, '--email', '', '--role', 'night', '--role', 'clerk', '--role', 'night')
  expect(rest).toEqual({ code: 0, out: 'alice is updated: no email; roles night, clerk.\n', err: '' })
  expect(await alice(place)).toEqual({
    ...before,
    fullname: 'Alice Roe',
    email: '',
    roles: ['night', 'clerk'],
  })
  const none = await update(place, '--role', '')
  expect(none).toEqual({ code: 0, out: 'alice is updated: no roles.\n', err: '' })
  expect(await alice(place)).toMatchObject({ roles: [] })
})

test.concurrent('what no user can have is declined, and nothing is changed', async () => {
  await using place = openPlace()
  await givenAlice(place, '--role', 'admin')
  const before = await alice(place)
  for (const [flags, said] of [
    [['--fullname', 'Alice\u200b'], 'fullname is at most'],
    [['--email', 'x'.repeat(257)], 'email is at most'],
    [['--email', 'a@example.com', '--role', 'admin', '--role', 'a,b'], 'no comma'],
    [['--role', 'admin', '--role', ''], 'visible characters'],
    [['--fullname', 'Alice', '--role', 'staff'], 'alice is the last admin'],
    [['--role', ''], 'alice is the last admin'],
  ] as const) {
    const { code, out, err } = await update(place, ...flags)
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain(said)
  }
  expect(await alice(place)).toEqual(before)
})

test.concurrent('another admin is made, and the first one taken away, while the server runs', async () => {
  await using place = openPlace()
  const server = await place.serve()
  await givenAlice(place)
  const admin = await server.logIn('admin', ADMIN_PASSWORD)
  const { cookie } = await server.logIn('alice', PASSWORD)
  expect(await server.get('/admin/users/list', cookie)).toBe(403)
  const declined = await place.run(['user', 'delete', 'admin'])
  expect(declined).toMatchObject({ code: 3, err: expect.stringContaining('the role admin first') })
  expect(await update(place, '--role', 'admin')).toMatchObject({ code: 0 })
  expect(await server.get('/admin/users/list', cookie)).toBe(200)
  expect(await place.run(['user', 'update', '--role', '', 'admin'])).toMatchObject({ code: 0 })
  expect(await server.get('/admin/users/list', admin.cookie)).toBe(403)
  // A role is no reason to end a session.
  expect(await server.get('/session/info', admin.cookie)).toBe(200)
  expect(await place.run(['user', 'delete', 'admin'])).toMatchObject({ code: 0 })
})

test.concurrent('a user whom an earlier version gave a role twice goes on to work', async () => {
  await using place = openPlace()
  await givenAlice(place, '--role', 'admin')
  {
    using db = new Database(join(place.data, 'cloakroom.db'))
    db.exec(`UPDATE users SET roles = '["admin","admin"]' WHERE uname = 'alice'`)
  }
  expect(await update(place, '--role', '')).toMatchObject({ code: 3 })
  const server = await place.serve()
  const { cookie } = await server.logIn('alice', PASSWORD)
  expect(await server.get('/admin/users/list', cookie)).toBe(200)
  expect(await update(place, '--role', 'admin', '--role', 'staff')).toMatchObject({ code: 0 })
  expect(await alice(place)).toMatchObject({ roles: ['admin', 'staff'] })
})
