import { expect, test } from 'bun:test'
import { readEvents } from '../support/events.ts'
import { openPlace, type Place } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

const PASSWORD = 'alice likes long passwords'

/** A server, and alice, who is logged in. */
async function givenAlice(place: Place) {
  const server = await place.serve()
  await place.run(['user', 'add', 'alice'], { input: `${PASSWORD}\n` })
  const { cookie } = await server.logIn('alice', PASSWORD)
  expect(await server.get('/session/get', cookie)).toBe(200)
  return { server, cookie }
}

const handlesOf = ({ out }: { out: string }) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { handle: string; uname: string })

test.concurrent('a user who was added can log in at once', async () => {
  await using place = openPlace()
  const server = await place.serve()
  expect((await server.logIn('bob', 'bob likes long passwords')).status).toBe(401)
  const added = await place.run(
    'user add --fullname Bob --email bob@example.com --role admin --role clerk --role admin bob'.split(' '),
    { input: 'bob likes long passwords\nand this second line is nothing of his\n' },
  )
  expect(added).toEqual({ code: 0, out: 'bob can log in.\n', err: '' })
  const { status, cookie } = await server.logIn('bob', 'bob likes long passwords')
  expect(status).toBe(200)
  const answer = await fetch(`${server.url}/session/info`, { headers: { cookie } })
  expect(await answer.json()).toMatchObject({ uname: 'bob', roles: ['admin', 'clerk'] })
  const [, bob] = (await place.run(['user', 'list', '--json'])).out.trim().split('\n')
  expect(JSON.parse(bob ?? '')).toEqual({
    uname: 'bob',
    fullname: 'Bob',
    email: 'bob@example.com',
    roles: ['admin', 'clerk'],
    disabled: false,
  })
})

test.concurrent('whoever watches a session hears at once that the command line has ended it', async () => {
  await using place = openPlace()
  const { server, cookie } = await givenAlice(place)
  await using stream = readEvents(await fetch(`${server.url}/session/events`, { headers: { cookie } }))
  await place.run(['session', 'revoke', '--user', 'alice'])
  expect(await stream.count(1)).toEqual([{ event: 'end', id: null, data: { reason: 'revoked' } }])
  await stream.until(() => stream.isOver)
})

test.concurrent('a user who was disabled is refused at the very next request, until enabled again', async () => {
  await using place = openPlace()
  const { server, cookie } = await givenAlice(place)
  const disabled = await place.run(['user', 'disable', 'alice'])
  expect(disabled).toEqual({ code: 0, out: 'alice is disabled; 1 session ended.\n', err: '' })
  expect(await server.get('/session/get', cookie)).toBe(401)
  expect((await server.logIn('alice', PASSWORD)).status).toBe(401)
  expect((await place.run(['user', 'list'])).out).toMatch(/^alice .*disabled$/m)

  const enabled = await place.run(['user', 'enable', 'alice'])
  expect(enabled).toEqual({ code: 0, out: 'alice can log in.\n', err: '' })
  expect((await server.logIn('alice', PASSWORD)).status).toBe(200)
  expect(await server.get('/session/get', cookie)).toBe(401)
})

test.concurrent('a new password ends the sessions of the user at once, and the old password with them', async () => {
  await using place = openPlace()
  const { server, cookie } = await givenAlice(place)
  const admin = await server.logIn('admin', ADMIN_PASSWORD)
  const changed = await place.run(['user', 'passwd', 'alice'], { input: 'a new one for alice\n' })
  expect(changed).toEqual({ code: 0, out: 'alice has a new password; 1 session ended.\n', err: '' })
  expect(await server.get('/session/get', cookie)).toBe(401)
  expect((await server.logIn('alice', PASSWORD)).status).toBe(401)
  expect((await server.logIn('alice', 'a new one for alice')).status).toBe(200)
  expect(await server.get('/session/get', admin.cookie)).toBe(200)
})

test.concurrent('a user who was deleted is refused at the very next request, also when there is one of that name again', async () => {
  await using place = openPlace()
  const { server, cookie } = await givenAlice(place)
  const deleted = await place.run(['user', 'delete', 'alice'])
  expect(deleted).toEqual({ code: 0, out: 'alice is deleted; 1 session ended.\n', err: '' })
  expect(await server.get('/session/get', cookie)).toBe(401)
  expect((await server.logIn('alice', PASSWORD)).status).toBe(401)
  await place.run(['user', 'add', 'alice'], { input: `${PASSWORD}\n` })
  expect(await server.get('/session/get', cookie)).toBe(401)
})

test.concurrent('one session is ended by its handle, and the others of the user go on', async () => {
  await using place = openPlace()
  const { server, cookie } = await givenAlice(place)
  const listed = await place.run(['session', 'list', '--user', 'alice', '--json'])
  const [{ handle } = { handle: '' }] = handlesOf(listed)
  const at = (address: string) => place.run(['session', 'list', '--address', address, '--json'])
  expect([(await at('127.0.0.1')).out, (await at('127.0.0.2')).out]).toEqual([listed.out, ''])
  const other = await server.logIn('alice', PASSWORD)
  const ended = await place.run(['session', 'revoke', handle])
  expect(ended).toEqual({ code: 0, out: '1 session ended.\n', err: '' })
  expect(await server.get('/session/get', cookie)).toBe(401)
  expect(await server.get('/session/get', other.cookie)).toBe(200)
  const again = await place.run(['session', 'revoke', handle])
  expect(again).toMatchObject({ code: 3, out: '', err: expect.stringContaining(handle) })
})

test.concurrent('all sessions of a user are ended, or all there are', async () => {
  await using place = openPlace()
  const { server, cookie } = await givenAlice(place)
  const second = await server.logIn('alice', PASSWORD)
  const admin = await server.logIn('admin', ADMIN_PASSWORD)
  const ofAlice = await place.run(['session', 'revoke', '--user', 'alice'])
  expect(ofAlice).toEqual({ code: 0, out: '2 sessions ended.\n', err: '' })
  expect(await server.get('/session/get', cookie)).toBe(401)
  expect(await server.get('/session/get', second.cookie)).toBe(401)
  expect(await server.get('/session/get', admin.cookie)).toBe(200)
  const all = await place.run(['session', 'revoke', '--all'])
  expect(all).toEqual({ code: 0, out: '1 session ended.\n', err: '' })
  expect(await server.get('/session/get', admin.cookie)).toBe(401)
})

test.concurrent('the list of sessions shows who, when and where, and no token', async () => {
  await using place = openPlace()
  const { server, cookie } = await givenAlice(place)
  await server.logIn('admin', ADMIN_PASSWORD)
  const all = await place.run(['session', 'list', '--json'])
  expect(handlesOf(all).map(({ uname }) => uname)).toEqual(['admin', 'alice'])
  const ofAlice = await place.run(['session', 'list', '--user', 'alice'])
  expect(ofAlice.out.split('\n')[0]).toMatch(/^HANDLE +USER +BEGAN +LAST USED +ENDS +ADDRESS +USER AGENT$/)
  expect(ofAlice.out).toMatch(/^\S{10,} +alice +\d{4}-\d\d-\d\dT\S+Z .* 127\.0\.0\.1 +\S/m)
  expect(ofAlice.out).not.toContain('admin')
  const [, token = ''] = cookie.split('=')
  expect(token.length).toBeGreaterThan(20)
  expect(all.out + ofAlice.out + server.out).not.toContain(token)
})

test.concurrent('a user agent writes nothing on the terminal of those who look', async () => {
  await using place = openPlace()
  const server = await place.serve()
  const form = { z_username: 'admin', z_password: ADMIN_PASSWORD }
  const headers = { 'user-agent': 'evil\u009b2Jagent\u0085end' }
  await fetch(`${server.url}/z_security_check`, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
    headers,
  })
  const { out } = await place.run(['session', 'list'])
  expect(out).toContain('agent')
  expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
})

test.concurrent('check and check --deep find nothing wrong while the server runs', async () => {
  await using place = openPlace()
  await givenAlice(place)
  for (const [flags, words] of [
    [[], 'Cloakroom database, schema '],
    [['--deep'], 'no damage found'],
  ] as const) {
    const { code, out, err } = await place.run(['check', ...flags])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain(words)
  }
})
