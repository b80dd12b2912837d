import { expect, test } from 'bun:test'
import { Cloakroom } from '../../src/client/cloakroom.js'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'
import { attempt, cookieOf, JSON_ANSWER, RIGHT } from './attempt.ts'

interface Listed {
  readonly handle: string
  readonly uname: string
  readonly beganAt: string
  readonly usedAt: string
  readonly endsAt: string
  readonly address: string
  readonly userAgent: string
  readonly current?: boolean
}

const listOf = async (client: Client, path = '/session/list') =>
  (await client.json(path)) as { sessions: Listed[]; next?: string | null }
const handleOf = async (client: Client) => ((await client.json('/session/info')) as Listed).handle
const statusOf = async (client: Client) => (await client.ask('/session/get')).status

test('a user sees the own sessions, the latest first, and which is this one', async () => {
  await using server = await startServer()
  const bob = await givenUser(server, 'bob')
  const first = await logIn(server, bob)
  const beganAt = server.now
  server.now += 60_000
  const headers = { ...JSON_ANSWER, 'user-agent': `Browser/1 <b>${'x'.repeat(500)}` }
  const second = cookieOf(await attempt(server, { z_username: 'bob', z_password: bob.password }, headers))
  server.now += 60_000
  const { sessions } = await listOf(first)
  expect(sessions).toHaveLength(2)
  expect(sessions[1]).toEqual({
    handle: await handleOf(first),
    uname: 'bob',
    beganAt: new Date(beganAt).toISOString(),
    usedAt: new Date(server.now).toISOString(),
    endsAt: new Date(server.now + 30 * 60_000).toISOString(),
    address: '127.0.0.1',
    userAgent: expect.stringContaining('Bun/'),
    current: true,
  })
  expect(sessions[0]).toMatchObject({
    current: false,
    usedAt: new Date(server.now - 60_000).toISOString(),
    userAgent: headers['user-agent'].slice(0, 256),
  })
  const page = await fetch(`${server.url}/sessions`, { headers: { cookie: second } })
  expect(await page.text()).not.toContain('<b>')
})

test('no link hides a session from the page of the own sessions', async () => {
  await using server = await startServer()
  const bob = await givenUser(server, 'bob')
  const clients = [await logIn(server, bob), await logIn(server, bob), await logIn(server, bob)]
  const handles = await Promise.all(clients.map(handleOf))
  for (const query of ['', '?after=0', '?after=1', '?limit=1', '?limit=0']) {
    const page = await clients[0]?.ask(`/sessions${query}`)
    const html = await page?.text()
    expect([query, page?.status, handles.filter((handle) => html?.includes(handle))]).toEqual([
      query,
      200,
      handles,
    ])
  }
})

test('of very many own sessions the latest thousand come, and the others for whoever asks for the next page', async () => {
  await using server = await startServer({ toml: '[session]\nper-user = 2000\n' })
  const bob = await givenUser(server, 'bob')
  const first = await logIn(server, bob)
  server.now += 1
  for (let i = 0; i < 1_000; i++) await logIn(server, bob)
  // Nobody who knows of no pages gets another answer because of something that was never looked at.
  const latest = await listOf(first, '/session/list?_=1')
  expect(latest.sessions).toHaveLength(1_000)
  expect(latest.sessions.some(({ current }) => current)).toBe(false)
  const rest = await listOf(first, `/session/list?after=${latest.next}`)
  expect(rest.sessions).toMatchObject([{ handle: await handleOf(first), current: true }])
  expect(rest.next).toBeNull()
  const few = await listOf(first, '/session/list?limit=10')
  expect(few.sessions).toEqual(latest.sessions.slice(0, 10))
  const program = new Cloakroom({ url: server.url })
  await program.logIn(bob.uname, bob.password)
  expect(await program.sessions()).toHaveLength(1_002)
  for (const query of ['after=x', 'after=', 'limit=0', 'limit=many']) {
    const answer = await first.ask(`/session/list?${query}`)
    expect([query, answer.status]).toEqual([query, 400])
  }
})

test('a user ends the own session elsewhere by its handle, and never one of another user', async () => {
  await using server = await startServer()
  const bob = await givenUser(server, 'bob')
  const [here, there, admin] = [await logIn(server, bob), await logIn(server, bob), await logIn(server)]
  const foreign = await here.ask('/session/revoke', { handle: await handleOf(admin) })
  expect([foreign.status, await statusOf(admin)]).toEqual([404, 200])
  for (const part of [(await handleOf(there)).slice(0, 21), `${await handleOf(there)}A`]) {
    expect((await here.ask('/session/revoke', { handle: part })).status).toBe(404)
  }
  const handle = await handleOf(there)
  expect(await here.json('/session/revoke', { handle })).toEqual({ ended: 1 })
  expect([await statusOf(here), await statusOf(there)]).toEqual([200, 401])
  expect((await here.ask('/session/revoke', { handle })).status).toBe(404)
})

test('to revoke the session that asks is to log out', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const answer = await client.ask('/session/revoke', { handle: await handleOf(client) })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('set-cookie')).toContain('Max-Age=0')
  expect(await statusOf(client)).toBe(401)
})

test('others=true ends all other sessions of the user, and nobody else’s', async () => {
  await using server = await startServer()
  const bob = await givenUser(server, 'bob')
  const [here, there, guarded] = [
    await logIn(server, bob),
    await logIn(server, bob),
    await logIn(server, { ...bob, csrf: true }),
  ]
  const admin = await logIn(server)
  expect(await here.json('/session/revoke', { others: 'true' })).toEqual({ ended: 2 })
  const statuses = [
    await statusOf(here),
    await statusOf(there),
    await statusOf(guarded),
    await statusOf(admin),
  ]
  expect(statuses).toEqual([200, 401, 401, 200])
  expect(
    await here.json('/session/revoke', '{"others":true}', { 'content-type': 'application/json' }),
  ).toEqual({
    ended: 0,
  })
  expect(await statusOf(await logIn(server, bob))).toBe(200)
})

test('an admin sees every session, a page at a time, and those of one user', async () => {
  await using server = await startServer()
  const bob = await givenUser(server, 'bob')
  const admin = await logIn(server)
  const clients: Client[] = []
  for (const who of [bob, bob, bob]) {
    server.now += 1
    clients.push(await logIn(server, who))
  }
  clients.push(admin)
  const handles = await Promise.all(clients.map(handleOf))
  const seen: Listed[] = []
  let next: string | null | undefined = null
  do {
    const after: string = next === null ? '' : `&after=${next}`
    const page = await listOf(admin, `/admin/sessions/list?limit=2${after}`)
    expect(page.sessions.length).toBeLessThanOrEqual(2)
    seen.push(...page.sessions)
    next = page.next ?? null
  } while (next !== null)
  // Making bob took a login of its own.
  expect(seen).toHaveLength(5)
  expect(new Set(seen.map(({ handle }) => handle)).size).toBe(5)
  for (const handle of handles) expect(seen.map((each) => each.handle)).toContain(handle)
  const ofBob = await listOf(admin, '/admin/sessions/list?uname=bob')
  expect(ofBob.sessions.map(({ handle }) => handle)).toEqual(handles.slice(0, 3).toReversed())
  expect(ofBob.next).toBeNull()
  expect((await listOf(admin, '/admin/sessions/list?uname=nobody')).sessions).toEqual([])
})

test('an admin ends one session by its whole handle', async () => {
  await using server = await startServer()
  const [admin, one, other] = [await logIn(server), await logIn(server), await logIn(server)]
  const handle = await handleOf(one)
  for (const part of [handle.slice(0, 1), handle.slice(0, 8), handle.slice(0, 21), '']) {
    expect((await admin.ask('/admin/sessions/revoke', { handle: part })).status).toBe(404)
  }
  expect(await admin.json('/admin/sessions/revoke', { handle })).toEqual({ ended: 1 })
  expect([await statusOf(admin), await statusOf(one), await statusOf(other)]).toEqual([200, 401, 200])
})

test('an admin ends all sessions, the own one with them', async () => {
  await using server = await startServer()
  const [admin, one, other] = [await logIn(server), await logIn(server, { csrf: true }), await logIn(server)]
  expect(await admin.json('/admin/sessions/revoke', { all: 'true' })).toEqual({ ended: 3 })
  expect([await statusOf(admin), await statusOf(one), await statusOf(other)]).toEqual([401, 401, 401])
  expect((await attempt(server, RIGHT)).status).toBe(302)
})

test('a session that has ended is in no list', async () => {
  await using server = await startServer()
  const [idle, loggedOut] = [await logIn(server), await logIn(server)]
  server.now += 30 * 60_000 - 1
  const admin = await logIn(server)
  await loggedOut.json('/session/invalidate')
  expect((await listOf(admin)).sessions).toHaveLength(2)
  server.now += 1
  expect((await listOf(admin)).sessions.map(({ handle }) => handle)).toEqual([await handleOf(admin)])
  expect(await statusOf(idle)).toBe(401)
})
