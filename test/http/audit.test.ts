import { expect, test } from 'bun:test'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { describeWithRedis, startRedis, until } from '../support/redis.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { attempt, JSON_ANSWER, RIGHT } from './attempt.ts'
import { everythingHappens } from './everything.ts'

// One node each, which tells all that it knows; of several the others are up to a second behind.

interface Listed {
  readonly at: string
  readonly event: string
  readonly uname?: string
  readonly code?: string
  readonly more?: number
  readonly network?: string
  readonly requestId?: string
}

interface Page {
  readonly events: readonly Listed[]
  readonly next: string | null
}

const GUESS = { z_username: 'mallory', z_password: 'a guess' }

/** The security log, the latest first. */
async function eventsOf(client: Client, query: Record<string, string> = {}): Promise<readonly Listed[]> {
  const found: Listed[] = []
  let after: string | null = null
  do {
    const params = new URLSearchParams({ ...query, ...(after === null ? {} : { after }) })
    const page = (await client.json(`/admin/log/list?${params}`)) as Page
    found.push(...page.events)
    after = page.next
  } while (after !== null)
  return found
}

const lastAdmin = (server: TestServer) => logIn(server, { password: 'next secret of admin' })

test('the security log has what the log has of security, word for word, and no secret', async () => {
  await using server = await startServer({ nodes: 1, toml: '[login]\nuser-attempts = 5\n' })
  const secrets = await everythingHappens(server)
  const events = await eventsOf(await lastAdmin(server))
  const lines = server.log.map((line) => JSON.parse(line))
  const expected = lines
    .filter(({ event }) => event !== 'start')
    .map(({ level, msg, time, ...fields }) => ({ at: new Date(server.now).toISOString(), ...fields }))
  // Of repeats the log has the first, and the number of the others when a minute is over.
  const logged = new Set(expected.map(({ requestId }) => requestId))
  expect(events.filter(({ requestId, more }) => more === undefined && logged.has(requestId))).toEqual(
    expected.toReversed(),
  )
  const countOf = (event: string) =>
    events.reduce((sum, each) => (each.event === event ? sum + (each.more ?? 1) : sum), 0)
  expect([countOf('login_failed'), countOf('login_throttled')]).toEqual([10, 3])
  for (const event of ['login_throttled', 'refused', 'user_delete', 'revoke_others', 'password_refused'])
    expect(events.map((each) => each.event)).toContain(event)
  const text = JSON.stringify(events)
  for (const secret of secrets) expect(text).not.toContain(secret)
})

test('the security log survives a restart, and what is a month old is gone', async () => {
  const first = await startServer({ durable: true, nodes: 1 })
  const bob = await givenUser(first, 'bob')
  await attempt(first, { z_username: 'bob', z_password: 'a guess' }, JSON_ANSWER)
  const at = new Date(first.now).toISOString()
  await using server = await first.restart()
  const admin = await logIn(server)
  expect(await eventsOf(admin, { uname: 'bob' })).toEqual([
    expect.objectContaining({ at, event: 'login_failed', uname: 'bob', code: 'wrong_credentials' }),
    expect.objectContaining({ at, event: 'user_create', uname: 'bob', admin: 'admin' }),
  ])
  server.now += 30 * 24 * 3_600_000
  const later = await logIn(server)
  expect(await eventsOf(later, { uname: 'bob' })).toHaveLength(2)
  server.now += 1
  expect(await eventsOf(later, { uname: 'bob' })).toEqual([])
  await logIn(server, bob)
  expect(await eventsOf(later, { uname: 'bob' })).toMatchObject([{ event: 'login', uname: 'bob' }])
})

test('the security log is read by kind, by user and in pages, by admins alone', async () => {
  await using server = await startServer({ nodes: 1 })
  const bob = await givenUser(server, 'bob')
  const [admin, user] = [await logIn(server), await logIn(server, bob)]
  expect((await user.ask('/admin/log/list')).status).toBe(403)
  const refused = await eventsOf(admin, { event: 'refused' })
  const handle = expect.stringMatching(/^[\w-]{22}$/)
  expect(refused).toMatchObject([
    { code: 'role_missing', path: '/admin/log/list', address: '127.0.0.1', uname: 'bob', handle },
  ])
  // Anybody can have as many of them as they like, without a login.
  for (let i = 0; i < 60; i++)
    await fetch(`${server.url}/session/get`, { headers: { 'sec-fetch-site': 'cross-site' } })
  expect((await user.ask('/admin/users/list')).status).toBe(403)
  expect(await eventsOf(admin, { event: 'refused' })).toHaveLength(2)
  expect(await eventsOf(admin, { event: 'refused_foreign' })).toContainEqual(
    expect.objectContaining({ code: 'cross_site' }),
  )
  expect(await eventsOf(admin, { event: 'login', uname: 'bob' })).toMatchObject([{ uname: 'bob' }])
  const all = await eventsOf(admin)
  expect(all.length).toBeGreaterThan(4)
  expect(await eventsOf(admin, { limit: '2' })).toEqual(all)
  expect((await fetch(`${server.url}/admin/log/list`)).status).toBe(401)
  for (const after of ['', 'x', '-1', '1:AAAAAAAAAAAAAAAAAAAAAA']) {
    const answer = await admin.ask(`/admin/log/list?after=${after}`)
    expect([answer.status, ((await answer.json()) as Listed).code]).toEqual([400, 'invalid_parameter'])
  }
})

test('the security log is narrowed to an address and to a time', async () => {
  await using server = await startServer({ nodes: 1, toml: 'trusted-proxies = ["127.0.0.1"]\n' })
  const startedAt = server.now
  const from = (address: string) => attempt(server, GUESS, { ...JSON_ANSWER, 'X-Forwarded-For': address })
  await from('2001:db8::5')
  server.now += 1_000
  for (let i = 0; i < 5; i++) await from('192.0.2.7')
  server.now += 1_000
  const admin = await logIn(server)
  const times = async (query: Record<string, string>) =>
    (await eventsOf(admin, { event: 'login_failed', ...query })).map(({ at }) => Date.parse(at) - startedAt)
  expect(await times({})).toEqual([1_000, 1_000, 1_000, 1_000, 1_000, 0])
  expect(await times({ address: '2001:DB8:0::5' })).toEqual([0])
  expect(await times({ address: '2001:db8::5', limit: '2' })).toEqual([0])
  expect(await times({ address: '192.0.2.7', limit: '2' })).toHaveLength(5)
  expect(await times({ address: '192.0.2.8' })).toEqual([])
  const at = (ms: number) => new Date(startedAt + ms).toISOString()
  expect(await times({ from: at(1) })).toHaveLength(5)
  expect(await times({ from: at(1_000) })).toHaveLength(5)
  expect(await times({ to: at(1_000) })).toEqual([0])
  expect(await times({ from: at(1), to: at(1_000) })).toEqual([])
  const day = at(0).slice(0, 10)
  expect(await times({ from: day, to: at(1_000).slice(0, 10) })).toHaveLength(6)
  expect(await times({ to: '2000-01-01' })).toEqual([])
  for (const query of ['from=yesterday', 'to=2026-13-01', 'from=2026-12-01T00:00:00', 'to=5'])
    expect((await admin.ask(`/admin/log/list?${query}`)).status).toBe(400)
})

test('of a flood of guesses some are remembered and the others counted, and it hides nothing else', async () => {
  await using server = await startServer({ nodes: 1, toml: '[login]\nuser-attempts = 3\n' })
  const admin = await logIn(server)
  await Promise.all(Array.from({ length: 400 }, () => attempt(server, GUESS, JSON_ANSWER)))
  await admin.json('/session/invalidate')
  const events = await eventsOf(await logIn(server))
  const throttled = events.filter(({ event }) => event === 'login_throttled')
  const failed = events.filter(({ event }) => event === 'login_failed')
  expect(throttled.length).toBeLessThan(250)
  const counted = [...throttled, ...failed].reduce((sum, { more = 1 }) => sum + more, 0)
  expect(counted).toBe(400)
  expect(throttled.some(({ more = 0 }) => more > 0)).toBe(true)
  expect(events.filter(({ event }) => event === 'logout')).toHaveLength(1)
})

describeWithRedis('nodes on one Redis', () => {
  test('what happens on one node is soon in the security log that the other shows, though nobody asks the first', async () => {
    await using redis = await startRedis()
    const store = `redis://127.0.0.1:${redis.port}`
    await using one = await startServer({ store })
    await using other = await startServer({ store })
    const admin = await logIn(other)
    await attempt(one, { ...RIGHT, z_password: 'a guess' }, JSON_ANSWER)
    const found = () => eventsOf(admin, { event: 'login_failed' })
    await until(async () => (await found()).length > 0)
    expect(await found()).toMatchObject([{ event: 'login_failed', uname: 'admin' }])
  })
})
