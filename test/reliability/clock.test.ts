import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer } from '../support/server.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** The defaults. */
const IDLE = 30 * MINUTE
const LIFETIME = 12 * HOUR

test('a jump forward ends no session that has more time left than the jump', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  server.now += IDLE - 1
  expect((await client.ask('/session/get')).status).toBe(200)
  server.now += IDLE
  expect((await client.ask('/session/get')).status).toBe(401)
})

test('a session that a jump forward ended lives again when the jump is undone before the sweep, and ends as if it had not been', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const beganAt = server.now
  server.now += 24 * HOUR
  expect((await client.ask('/session/get')).status).toBe(401)
  server.now = beganAt + IDLE - 1
  expect((await client.ask('/session/info')).status).toBe(200)
  server.now += IDLE
  expect((await client.ask('/session/get')).status).toBe(401)
})

test('a jump back keeps a session for no longer than the jump, used or not', async () => {
  for (const isUsed of [false, true]) {
    await using server = await startServer()
    const client = await logIn(server)
    const beganAt = server.now
    server.now -= 5 * HOUR
    if (isUsed) await client.json('/session/put', { a: '1' })
    server.now = beganAt + IDLE - 1
    // Looked at by another, since to ask with its own cookie would be a use.
    const handles = async () => {
      const admin = await logIn(server)
      const { sessions } = (await admin.json('/admin/sessions/list?uname=admin')) as { sessions: unknown[] }
      return sessions.length
    }
    expect(await handles()).toBe(2)
    server.now = beganAt + IDLE
    expect((await client.ask('/session/get')).status).toBe(401)
  }
})

test('a session in use through a jump back ends with its lifetime, counted by the clock that it began with', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const beganAt = server.now
  server.now -= HOUR
  while (server.now < beganAt + LIFETIME) {
    expect((await client.ask('/session/get')).status).toBe(200)
    server.now += IDLE - 1
  }
  server.now = beganAt + LIFETIME
  expect((await client.ask('/session/get')).status).toBe(401)
})

test('a session that was ended stays ended, to wherever the clock jumps', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  await client.json('/session/invalidate', {})
  for (const jump of [-24 * HOUR, 12 * HOUR, 13 * HOUR]) {
    server.now += jump
    expect((await client.ask('/session/get')).status).toBe(401)
    expect((await client.ask('/session/put', { a: '1' })).status).toBe(401)
  }
})

test('a session used or begun during a jump forward lives longer by at most the jump, and never beyond its lifetime', async () => {
  await using server = await startServer()
  const rightAt = server.now
  const jump = IDLE - MINUTE
  const used = await logIn(server)
  server.now = rightAt + jump
  expect((await used.ask('/session/put', { a: '1' })).status).toBe(200)
  const begun = await logIn(server)
  const busy = await logIn(server)
  server.now = rightAt
  for (const { ask } of [used, begun, busy]) expect((await ask('/session/get')).status).toBe(200)

  for (let at = rightAt; at < rightAt + jump + LIFETIME; at += 10 * MINUTE) {
    server.now = at
    expect((await busy.ask('/session/get')).status).toBe(200)
  }
  server.now = rightAt + IDLE + jump
  for (const { ask } of [used, begun]) expect((await ask('/session/get')).status).toBe(401)
  server.now = rightAt + LIFETIME + jump
  expect((await busy.ask('/session/get')).status).toBe(401)
})

test('a jump may end the wait after too many wrong passwords, and never makes it longer than it ever is', async () => {
  const window = 5 * MINUTE
  for (const jump of [HOUR, -HOUR]) {
    await using server = await startServer()
    const guess = async (z_password: string) => {
      const form = new URLSearchParams({ z_username: 'admin', z_password })
      const headers = { accept: 'application/json' }
      return (await fetch(`${server.url}/z_security_check`, { method: 'POST', body: form, headers })).status
    }
    for (let i = 0; i < 10; i++) expect(await guess(`wrong ${i}`)).toBe(401)
    expect(await guess(ADMIN_PASSWORD)).toBe(429)
    server.now += jump
    expect(await guess(ADMIN_PASSWORD)).toBe(200)
    for (let i = 0; i < 10; i++) expect(await guess(`wrong ${i}`)).toBe(401)
    expect(await guess(ADMIN_PASSWORD)).toBe(429)
    server.now += window
    expect(await guess(ADMIN_PASSWORD)).toBe(200)
  }
})
