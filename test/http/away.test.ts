import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { type Mood, startProxy } from '../support/proxy.ts'
import { describeWithRedis, startRedis, until } from '../support/redis.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startTicking } from '../support/ticking.ts'
import { attempt, JSON_ANSWER, RIGHT } from './attempt.ts'

/** Milliseconds after which a store counts as away, and what a busy machine may add. */
const [TIMEOUT, SLACK] = [1_500, 1_500]

const toml = ['redis', 'postgres'].map((store) => `[${store}]\ntimeout = "${TIMEOUT}ms"\n`).join('')

const health = (server: TestServer) =>
  Promise.all(['/healthz', '/readyz'].map(async (path) => (await fetch(server.url + path)).status))

/** What a network between a server and its store does, and what that comes to. */
const moods: readonly { mood: Mood; says: string }[] = [
  { mood: 'silent', says: 'lets nothing through' },
  { mood: 'mute', says: 'lets no answer through' },
  { mood: 'slow', says: 'lets answers through much later' },
  { mood: 'reset', says: 'resets connections' },
]

const name = (says: string) =>
  `a network that ${says}: requests are 503 in time, never 401, and 200 when it is well again`

const STARTS = 'a store that does not answer for a moment keeps no server from its start'

describeWithRedis('between a server and Redis', () => {
  test(STARTS, async () => {
    await using redis = await startRedis()
    await checkStart(redis.port, (port) => `redis://127.0.0.1:${port}`)
  })

  for (const { mood, says } of moods) {
    test(name(says), async () => {
      await using redis = await startRedis()
      await check(mood, redis.port, (port) => `redis://127.0.0.1:${port}`)
    })
  }
})

describeWithPostgres('between a server and PostgreSQL', {}, (postgres) => {
  test(STARTS, async () => {
    const url = await postgres.newDatabase()
    await checkStart(postgres.port, (port) => url.replace(`:${postgres.port}/`, `:${port}/`))
  })

  for (const { mood, says } of moods) {
    test(name(says), async () => {
      const url = await postgres.newDatabase()
      await check(mood, postgres.port, (port) => url.replace(`:${postgres.port}/`, `:${port}/`))
    })
  }
})

/** Sent when a start reads the first thing that it keeps in a store. */
const FIRST = 'pre-login'

/** A store that hears the first thing that a start asks for and says nothing, until it is asked again. */
async function checkStart(port: number, urlAt: (port: number) => string): Promise<void> {
  let first: object | null = null
  await using proxy = startProxy(port, (bytes, connection) => {
    const asks = Buffer.from(bytes).includes(FIRST)
    if (first === null && asks) {
      first = connection
      proxy.mood = 'mute'
    } else if (first !== null && (asks || connection !== first)) proxy.mood = 'well'
  })
  await using server = await startServer({ store: urlAt(proxy.port), toml })
  expect(first).not.toBeNull()
  await logIn(server)
}

async function check(mood: Mood, port: number, urlAt: (port: number) => string): Promise<void> {
  await using proxy = startProxy(port)
  await using server = await startServer({ store: urlAt(proxy.port), toml })
  const client = await logIn(server)
  await client.json('/session/put', { a: '1' })
  expect(await health(server)).toEqual([200, 200])
  proxy.mood = mood
  const ask = () => [
    client.ask('/session/get'),
    client.ask('/session/put', { a: '2' }),
    client.ask('/session/delete', { key: 'none' }),
    client.ask('/session/info'),
    client.ask('/session/list'),
    client.ask('/admin/users/list'),
    attempt(server, RIGHT, JSON_ANSWER),
  ]
  // More than there are connections, and again when it is known that nobody answers.
  for (const asked of [[...ask(), ...ask()], ask()]) await Promise.all(asked.map(requireRefused))
  expect(await health(server)).toEqual([200, 503])
  proxy.mood = 'well'
  await until(async () => (await health(server)).every((status) => status === 200))
  // A put whose answer did not come may have been done.
  expect(['1', '2']).toContain(((await client.json('/session/get')) as { a: string }).a)
  await client.json('/session/put', { a: '3' })
  expect(await client.json('/session/get')).toEqual({ a: '3' })
}

async function requireRefused(asking: Promise<Response>): Promise<void> {
  using time = startTicking()
  const answer = await asking
  expect(time.ms).toBeLessThan(TIMEOUT + SLACK)
  const { code } = (await answer.json()) as { code: string }
  expect([answer.status, code]).toEqual([503, 'store_unavailable'])
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(answer.headers.get('set-cookie')).toBeNull()
}
