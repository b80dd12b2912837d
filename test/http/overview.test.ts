import { expect, test } from 'bun:test'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { describeWithRedis, startRedis, until } from '../support/redis.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startServer, type TestServer } from '../support/server.ts'

const STEP = 10_000

type Curve = readonly (number | null)[]

interface Overview {
  readonly nodes: readonly { readonly name: string; readonly startedAt: string; readonly version: string }[]
  readonly store: {
    readonly kind: string
    readonly up: boolean
    readonly bytes: number | null
    readonly sessions: number | null
    readonly measuredAt: string | null
  }
  readonly series: Readonly<Record<string, Curve>> & { readonly from: string; readonly step: number }
}

const overviewOf = async (admin: Client) => (await admin.json('/admin/overview')) as Overview

/** Lets so many steps end for all of these servers, each of which has been asked then. */
async function after(steps: number, admins: readonly Client[], ...servers: readonly TestServer[]) {
  const [first] = servers
  for (let i = 0; i < steps; i++) {
    const now = (first?.now ?? 0) + STEP
    for (const server of servers) server.now = now
    // Twice, since there may be two nodes behind an address, which take turns.
    for (const admin of [...admins, ...admins]) await overviewOf(admin)
  }
}

/**
 * Lets steps end until what there is has been measured, as every one of these knows. That happens beside them, and takes real time: so they
 * are asked several times in each, or the sessions would be over before.
 */
const measured = (sessions: number, admins: readonly Client[], ...servers: readonly TestServer[]) =>
  until(async () => {
    await after(1, admins, ...servers)
    for (let i = 0; i < 10; i++) {
      const known = await Promise.all(admins.map(overviewOf))
      if (known.every(({ series }) => series['sessions']?.at(-1) === sessions)) return true
    }
    return false
  })

const sumOf = (curve: Curve | undefined) => curve?.reduce<number>((sum, value) => sum + (value ?? 0), 0)

async function fail(server: TestServer, uname: string, times: number): Promise<readonly number[]> {
  const statuses: number[] = []
  for (let i = 0; i < times; i++) {
    const body = new URLSearchParams({ z_username: uname, z_password: 'wrong' })
    const answer = await fetch(`${server.url}/z_security_check`, { method: 'POST', body })
    statuses.push(answer.status)
  }
  return statuses
}

test('an admin sees what the server does, in numbers of the last hour', async () => {
  await using server = await startServer({ durable: true, toml: '[login]\nuser-attempts = 2' })
  const admin = await logIn(server)
  const { uname, password } = await givenUser(server, 'alice')
  const alice = await logIn(server, { uname, password })
  for (let i = 0; i < 5; i++) {
    await alice.json('/session/put', { a: String(i) })
    await alice.json('/session/get')
  }
  expect(await fail(server, uname, 3)).toEqual([401, 401, 429])
  await after(4, [admin], server)
  await measured(3, [admin], server)
  const { nodes, store, series } = await overviewOf(admin)
  expect(nodes.length).toBeGreaterThan(0)
  for (const node of nodes) {
    expect(node).toEqual({
      name: expect.stringMatching(/^[\da-f]{12}$/),
      startedAt: expect.stringMatching(/Z$/),
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    })
  }
  expect(store).toEqual({
    kind: expect.stringMatching(/^(sqlite|redis|postgres)$/),
    up: true,
    bytes: expect.any(Number),
    sessions: 3,
    measuredAt: expect.stringMatching(/Z$/),
  })
  expect(store.bytes).toBeGreaterThan(10_000)
  const { from, step, ...curves } = series
  expect(step).toBe(10)
  expect(Object.keys(curves)).toEqual([
    ...['requests', 'logins', 'failures', 'throttled'],
    ...['readP50', 'readP99', 'writeP50', 'writeP99', 'sessions', 'bytes'],
  ])
  for (const curve of Object.values(curves)) expect(curve).toHaveLength(360)
  const last = new Date(from).getTime() + 359 * step * 1_000
  expect(server.now - last).toBeWithin(STEP, 3 * STEP + 1)
  expect([curves['logins'], curves['failures'], curves['throttled']].map(sumOf)).toEqual([3, 2, 1])
  // Logins, guesses, a user, reads and writes, besides what was asked of the overview since.
  expect((sumOf(curves['requests']) ?? 0) * step).toBeGreaterThanOrEqual(17)
  for (const name of ['readP50', 'readP99', 'writeP50', 'writeP99'] as const) {
    const known = curves[name]?.filter((value) => value !== null)
    expect(known?.length).toBeWithin(1, 3)
    for (const millis of known ?? []) expect(millis).toBeWithin(0.001, 10_000)
  }
  expect(curves['sessions']?.at(-1)).toBe(3)
})

test('the overview is for admins alone, at every prefix, by GET and POST, and takes no parameter', async () => {
  await using server = await startServer()
  const admin = await logIn(server)
  const { uname, password } = await givenUser(server, 'alice')
  const alice = await logIn(server, { uname, password })
  for (const prefix of ['', '/api/1', '/api/2']) {
    const path = `${prefix}/admin/overview`
    expect((await admin.ask(path)).status).toBe(200)
    expect((await admin.ask(path, {})).status).toBe(200)
    expect((await alice.ask(path)).status).toBe(403)
    expect((await fetch(server.url + path)).status).toBe(401)
  }
  expect((await admin.ask('/admin/overview?minutes=5')).status).toBe(400)
})

/** Two servers on a store answer as one, whichever is asked. */
async function answerAsOne(store: string): Promise<void> {
  await using one = await startServer({ store, nodes: 1 })
  await using other = await startServer({ store, nodes: 1 })
  other.now = one.now
  const admin = await logIn(one)
  const across = { ...admin, json: (path: string) => askAt(other, admin, path) }
  const { uname, password } = await givenUser(one, 'alice')
  for (const server of [one, one, other]) await logIn(server, { uname, password })
  expect(await fail(other, uname, 2)).toEqual([401, 401])
  await after(4, [admin, across], one, other)
  await measured(5, [admin, across], one, other)
  const [here, there] = [await overviewOf(admin), await overviewOf(across)]
  expect(here).toEqual(there)
  expect(here.nodes).toHaveLength(2)
  expect([here.series['logins'], here.series['failures']].map(sumOf)).toEqual([5, 2])
  expect(here.store).toMatchObject({ up: true, sessions: 5, bytes: expect.any(Number) })
}

async function askAt(server: TestServer, { cookie }: Client, path: string): Promise<unknown> {
  const answer = await fetch(server.url + path, { headers: { cookie } })
  expect(answer.status).toBe(200)
  return answer.json()
}

describeWithRedis('nodes on Redis', () => {
  test('show the same figures, whichever is asked', async () => {
    await using redis = await startRedis()
    await answerAsOne(redis.url)
  })

  test('show the same on a cluster, and how much all of it takes', async () => {
    await using cluster = await startCluster()
    await answerAsOne(cluster.url)
  })

  test('show a gap while Redis is away, and go on by themselves', async () => {
    await using redis = await startRedis()
    await using server = await startServer({ store: redis.url, nodes: 1 })
    const admin = await logIn(server)
    await after(3, [admin], server)
    expect((await overviewOf(admin)).store.up).toBe(true)
    await redis.kill()
    server.now += 2 * STEP
    expect((await admin.ask('/admin/overview')).status).toBe(503)
    await redis.restart()
    await until(async () => (await admin.ask('/admin/overview')).status === 200)
    await after(3, [admin], server)
    const { store, series } = await overviewOf(admin)
    expect(store.up).toBe(true)
    const known = series['requests']?.map((value) => value !== null)
    expect(known?.slice(-8)).toEqual([true, true, true, false, false, true, true, true])
  })
})

describeWithPostgres('nodes on PostgreSQL', { conf: { fsync: 'off' } }, (postgres) => {
  test('show the same figures, whichever is asked', async () => {
    await answerAsOne(await postgres.newDatabase())
  })
})
