import { readConfig } from '../src/config.ts'
import { idOf } from '../src/session/token.ts'
import { openPostgresStore } from '../src/store/postgres/open.ts'
import { fieldsOf } from '../src/store/redis/fields.ts'
import { indexKey, memberOf, sessionKey, shardOf } from '../src/store/redis/keys.ts'
import { openRedisStore } from '../src/store/redis/open.ts'
import { handleOf, type Store } from '../src/store/store.ts'
import { startCloakroom } from './cloakroom.ts'
import type { Contender } from './contender.ts'
import { missingPostgres, type Postgres, startPostgres } from './postgres.ts'
import { ask, missingRedis, type Redis, sendCommands, startRedis } from './redis.ts'
import { insertUsers, LIFETIME, type Seeding, USER_AGENT } from './seed.ts'
import { ATTRIBUTES, attributesOf, keyOf, tokenOf, USERS, unameOf, valueAt } from './sessions.ts'

/** A store that several nodes can share, on a server for the bench only. */
export interface Shared extends AsyncDisposable {
  /** The process id of the store's server. */
  readonly pid: number
  readonly url: string
  readonly started: string
  /**
   * Adds users and sessions, checks that the store finds them, and resolves with the bytes that the sessions
   * take.
   */
  fill(seeding: Seeding): Promise<number>
}

/** A kind of store that several nodes can share. */
export interface SharedKind {
  readonly name: string
  /** Returns what to install, or null: it can be started. */
  missing(): string | null
  start(folder: string, isDurable: boolean): Promise<Shared>
}

/** Milliseconds within which each of the many filling commands must be answered. */
const TIMEOUT_MS = 60_000

export const onRedis: SharedKind = {
  name: 'Redis',
  missing: missingRedis,
  async start(folder, isDurable) {
    const server = await startRedis(folder, isDurable)
    const url = `redis://127.0.0.1:${server.port}`
    return { ...server, url, fill: (seeding) => fillRedis({ server, folder, url }, seeding) }
  },
}

export const onPostgres: SharedKind = {
  name: 'PostgreSQL',
  missing: missingPostgres,
  async start(folder) {
    const server = await startPostgres(folder)
    return { ...server, fill: (seeding) => fillPostgres(server, seeding) }
  },
}

/**
 * Fills sessions in bulk: one by one, as the store would, two million of them take more than ten minutes. The
 * store's `fields.ts` and `keys.ts` define the layout.
 */
async function fillRedis(
  { server, folder, url }: RedisPlace,
  { count, attributes }: Seeding,
): Promise<number> {
  const options = { ...readConfig({}, {}).redis, timeout: TIMEOUT_MS }
  const used = async () => Number(/^used_memory:(\d+)/m.exec(await ask(server, 'INFO', 'memory'))?.[1])
  const store = await openRedisStore(url, options, () => {})
  try {
    await insertUsers(store)
    const before = await used()
    const now = Date.now()
    for (let from = 0; from < count; from += CHUNK)
      await sendCommands(server, folder, commandsOf(from, Math.min(count, from + CHUNK), attributes, now))
    await requireRight(store, count, attributes)
    return (await used()) - before
  } finally {
    await store.close()
  }
}

interface RedisPlace {
  readonly server: Redis
  /** For the data that is sent to it. */
  readonly folder: string
  readonly url: string
}

/** Sessions that are sent to Redis at once. */
const CHUNK = 100_000

/** Yields what a login and a put leave in Redis, for each session. */
function* commandsOf(from: number, to: number, attributes: number, now: number): Iterable<readonly string[]> {
  const [beganAt, endsAt] = [String(now), String(now + LIFETIME)]
  const times = { beganAt: now, usedAt: now, endsAt: now + LIFETIME, latestEndsAt: now + LIFETIME }
  const login = { ...times, version: 2, address: '198.51.100.23', userAgent: USER_AGENT }
  for (let i = from; i < to; i++) {
    const id = idOf(tokenOf(i))
    const handle = handleOf(id)
    const { ends, logins } = shardOf(handle)
    yield [
      'HSET',
      sessionKey(handle),
      ...fieldsOf({ ...login, id, uname: unameOf(i) }, attributesOf(i, attributes)),
    ]
    yield ['ZADD', ends, endsAt, handle]
    yield ['ZADD', logins, beganAt, handle]
    yield ['ZADD', indexKey(unameOf(i)), endsAt, memberOf(handle, beganAt)]
  }
}

/**
 * Fills sessions in bulk, since each one alone would take two commits. They follow from their number, as in
 * `sessions.ts`.
 */
async function fillPostgres(server: Postgres, { count, attributes }: Seeding): Promise<number> {
  const store = await openPostgresStore(server.url, { create: true, timeout: TIMEOUT_MS, connections: 8 })
  const size = async () => {
    const [row] = await server.ask(
      `SELECT pg_total_relation_size('cloakroom.sessions') + pg_total_relation_size('cloakroom.attributes')`,
    )
    return Number(row?.[0])
  }
  try {
    await insertUsers(store)
    const before = await size()
    const now = Date.now()
    const token = `'s' || translate(encode(sha256(convert_to('session ' || i, 'UTF8')), 'base64'), '+/=', '-_')`
    const bytes = [...attributesOf(0, attributes)].flat().join('').length
    await server.ask(`
      INSERT INTO cloakroom.sessions
          (id, uname, began_at, used_at, ends_at, latest_ends_at, sweep_at, version, count, bytes, address, user_agent)
        SELECT sha256(convert_to(${token}, 'UTF8')), 'user' || lpad((i % ${USERS})::text, 4, '0'), ${now}, ${now},
            ${now + LIFETIME}, ${now + LIFETIME}, ${now + LIFETIME}, 2, ${attributes}, ${bytes}, '198.51.100.23', '${USER_AGENT}'
          FROM generate_series(0, ${count - 1}) AS i ORDER BY i`)
    await server.ask(`
      INSERT INTO cloakroom.attributes
        SELECT first.n + i, 'a' || k, rpad('value-' || k || '-' || i, 20, '.')
          FROM (SELECT min(n) AS n FROM cloakroom.sessions) AS first, generate_series(0, ${count - 1}) AS i,
            generate_series(0, ${attributes - 1}) AS k ORDER BY i, k`)
    // As PostgreSQL does itself some time after so many insertions, but not in the middle of a round.
    await server.ask('VACUUM ANALYZE')
    await requireRight(store, count, attributes)
    return (await size()) - before
  } finally {
    await store.close()
  }
}

/** How many sessions are read to check that they are there. */
const SAMPLES = 100

/**
 * Throws unless the store finds the first session, the last and some in between, with all their data, and
 * sessions of their users.
 */
async function requireRight(store: Store, count: number, attributes: number): Promise<void> {
  for (let sample = 0; sample <= SAMPLES; sample++) {
    const i = Math.floor(((count - 1) * sample) / SAMPLES)
    const session = await store.readSession(idOf(tokenOf(i)), 'all', Date.now())
    const listed = await store.listSessions({ uname: unameOf(i) }, null, 1, Date.now())
    const isRight =
      session !== null &&
      listed.items.length === 1 &&
      session.uname === unameOf(i) &&
      session.attributes.size === attributes &&
      [...session.attributes.keys()].every((_, k) => session.attributes.get(keyOf(k)) === valueAt(i, k))
    if (!isRight) throw new Error(`Session ${i} is not as it was made.`)
  }
}

/** Cloakroom with all its data in such a store; the store's CPU time counts as well. */
const cloakroomOn = (kind: SharedKind): Contender => ({
  name: `Cloakroom on ${kind.name}`,
  missing: kind.missing,
  async start({ folder, count, isDurable }) {
    await using stack = new AsyncDisposableStack()
    const shared = stack.use(await kind.start(folder, isDurable))
    await shared.fill({ count, attributes: ATTRIBUTES })
    const server = stack.use(await startCloakroom({ folder, data: folder, count, shared }))
    const kept = stack.move()
    return {
      ...server,
      name: `Cloakroom on ${kind.name}`,
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    }
  },
})

export const cloakroomOnRedis = cloakroomOn(onRedis)
export const cloakroomOnPostgres = cloakroomOn(onPostgres)
