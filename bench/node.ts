import { createHmac } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Contender, type Setting, type Target, type Work, WRITTEN } from './contender.ts'
import { dependencies } from './contenders/package.json'
import { rawRequest } from './load.ts'
import { missingPostgres, startPostgres } from './postgres.ts'
import { run, startChild } from './process.ts'
import { each, missingRedis, type Redis, sendCommands, startRedis } from './redis.ts'
import { ATTRIBUTES, attributesOf, keyOf, type RecordOf, tokenOf, writeRecords } from './sessions.ts'

/** The contenders on Node sign their cookies with this. */
const SECRET = 'a secret of the bench, of more than 32 characters'

const FOLDER = join(import.meta.dir, 'contenders')
const NODE = join(FOLDER, `node_modules/node-linux-${process.arch}/bin/node`)
const missingNode = () => (isInstalled() ? null : 'npm ci --prefix bench/contenders')

/** Checks also for packages that a later version of the bench added. */
const isInstalled = () =>
  existsSync(NODE) &&
  Object.keys(dependencies).every((name) => existsSync(join(FOLDER, 'node_modules', name)))

/** Installs Node and what runs on it, in the versions of the lock file, unless that has been done. */
export async function installContenders(): Promise<void> {
  if (missingNode() === null) return
  // With the whole environment, which names the registry, but without NODE_ENV=production, which would
  // install another set.
  const env = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  await run(['npm', 'ci', '--prefix', FOLDER, '--no-audit', '--no-fund', '--ignore-scripts'], {
    env: { ...Object.fromEntries(env), NODE_ENV: '' },
  })
}

const sign = (text: string) => createHmac('sha256', SECRET).update(text).digest('base64')

/** Session ids as long as Cloakroom's tokens without their letter. */
const sidOf = (i: number) => tokenOf(i).slice(1)

const FORM = 'application/x-www-form-urlencoded'

/** The requests that two small programs of the bench answer in the same way. */
const requestsWith = (cookie: string): Readonly<Record<Work, string>> => {
  const get = (...keys: readonly string[]) =>
    rawRequest(`GET /get?${keys.map((key) => `key=${key}`).join('&')}`, { Cookie: cookie })
  return {
    one: get(keyOf(0)),
    ten: get(...Array.from({ length: 10 }, (_, k) => keyOf(k))),
    write: rawRequest('POST /put', { Cookie: cookie }, { type: FORM, text: `${WRITTEN}={n}` }),
    written: get(WRITTEN),
  }
}

const startNode = (script: string, cwd: string, env: Readonly<Record<string, string>>) =>
  startChild([NODE, join(FOLDER, script)], { cwd, env: { SECRET, ...env } })

interface OverRedis {
  readonly name: string
  readonly script: string
  readonly requests: Readonly<Record<Work, string>>
  /** What the program stores as a session besides the attributes. */
  readonly cookie: object
}

/** A framework whose sessions connect-redis stores as JSON. Both sign the cookie in the same way. */
const overRedis = ({ name, script, requests, cookie }: OverRedis): Contender => ({
  name,
  missing: () => missingNode() ?? missingRedis(),
  async start({ folder, count, isDurable }) {
    await using stack = new AsyncDisposableStack()
    const redis: Redis = stack.use(await startRedis(folder, isDurable))
    await sendCommands(
      redis,
      folder,
      each(count, (i) => {
        const session = { cookie, ...Object.fromEntries(attributesOf(i, ATTRIBUTES)) }
        return ['SET', `sess:${sidOf(i)}`, JSON.stringify(session), 'EX', '86400']
      }),
    )
    const child = stack.use(startNode(script, folder, { REDIS: `redis://127.0.0.1:${redis.port}` }))
    const [, port] = await child.said(/port (\d+)/)
    const recordOf: RecordOf = (i) => [`${sidOf(i)}.${sign(sidOf(i)).replace(/=+$/, '')}`]
    const records = await writeRecords(folder, count, recordOf)
    const kept = stack.move()
    return {
      name,
      port: Number(port),
      pids: [redis.pid, child.pid],
      records,
      recordOf,
      requests,
      started: [redis.started, `node bench/contenders/${script}`],
      worksLater: false,
      attributesIn: (answer) => JSON.parse(answer),
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    }
  },
})

export const express = overRedis({
  name: 'Express + express-session + connect-redis + Redis',
  script: 'express.mjs',
  requests: requestsWith('connect.sid=s%3A{1}'),
  cookie: { originalMaxAge: null, expires: null, httpOnly: true, path: '/' },
})

export const fastify = overRedis({
  name: 'Fastify + @fastify/session + connect-redis + Redis',
  script: 'fastify.mjs',
  requests: requestsWith('sessionId={1}'),
  cookie: { originalMaxAge: null, expires: null, httpOnly: true, secure: false, path: '/' },
})

interface Kept {
  readonly name: string
  /** The variables of a program with its own database. */
  readonly env: Readonly<Record<string, string>>
  readonly pids: readonly number[]
  readonly started: readonly string[]
}

/**
 * better-auth returns the whole session with its user for every request; ten additional fields are its
 * attributes.
 */
export const betterAuth: Contender = {
  name: 'better-auth on SQLite (better-sqlite3)',
  missing: missingNode,
  start: (setting) =>
    startBetterAuth(setting, {
      name: betterAuth.name,
      env: { SQLITE: join(setting.folder, 'auth.db') },
      pids: [],
      started: [],
    }),
}

export const betterAuthOnPostgres: Contender = {
  name: 'better-auth on PostgreSQL (pg)',
  missing: () => missingNode() ?? missingPostgres(),
  async start(setting) {
    await using stack = new AsyncDisposableStack()
    const { name } = betterAuthOnPostgres
    const postgres = stack.use(await startPostgres(setting.folder))
    const { pid, started, url } = postgres
    const kept = { name, env: { POSTGRES: url }, pids: [pid], started: [started] }
    const target = stack.use(await startBetterAuth(setting, kept))
    const all = stack.move()
    // PostgreSQL cleans up later.
    return { ...target, worksLater: true, [Symbol.asyncDispose]: () => all.disposeAsync() }
  },
}

async function startBetterAuth({ folder, count }: Setting, kept: Kept): Promise<Target> {
  const cookie = 'better-auth.session_token={1}'
  const read = rawRequest('GET /api/auth/get-session', { Cookie: cookie })
  const env = { ...kept.env, COUNT: String(count), ATTRIBUTES: String(ATTRIBUTES) }
  const recordOf: RecordOf = (i) => [`${sidOf(i)}.${sign(sidOf(i)).replace(/=$/, '%3D')}`]
  const records = await writeRecords(folder, count, recordOf)
  // The program fills its own database, and makes the same tokens by the same rule.
  const child = startNode('better-auth.mjs', folder, env)
  const [, port] = await child.said(/port (\d+)/)
  return {
    name: kept.name,
    port: Number(port),
    pids: [child.pid, ...kept.pids],
    records,
    recordOf,
    requests: {
      one: read,
      ten: read,
      // Its origin check requires one.
      write: rawRequest(
        'POST /api/auth/update-session',
        { Cookie: cookie, Origin: 'http://127.0.0.1' },
        { type: 'application/json', text: `{"${WRITTEN}":"{n}"}` },
      ),
      written: read,
    },
    started: [...kept.started, 'node bench/contenders/better-auth.mjs (its rate limit off, no cookie cache)'],
    worksLater: false,
    attributesIn: (answer) => JSON.parse(answer)?.session ?? {},
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}
