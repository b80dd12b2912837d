import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { readConfig } from '../../src/config.ts'
import { serve } from '../../src/serve.ts'
import { PROXY_ADDRESS, startNginx } from './nginx.ts'
import { newSpace } from './space.ts'

export const ADMIN_PASSWORD = 'correct horse battery staple'

/**
 * The Redis or PostgreSQL server with which `npm run test:nodes` turns each server into two nodes behind
 * nginx, with its own database.
 */
const SHARED = process.env['CLOAKROOM_TEST_STORE']

/** A real server, in this process, on a free port of the loopback interface. */
export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** The folder with all its data. */
  readonly data: string
  /** Its log lines so far. */
  readonly log: readonly string[]
  /** Its clock, which stands still until a test moves it. */
  now: number
  /** Stops the server and starts it again with its data, of which there is none unless it is `durable`. */
  restart(): Promise<TestServer>
}

export interface TestSettings {
  /** Lines of TOML. */
  readonly toml?: string
  /**
   * A URL, or `sqlite` for a database in the server's folder, on one node; else its own memory store, or the
   * shared one.
   */
  readonly store?: string
  /** Whether data survives a restart: then it uses SQLite instead of memory. */
  readonly durable?: boolean
  readonly publicUrl?: string
  /** Whether passwords are hashed at full cost, for tests that need that time. */
  readonly slowHashes?: boolean
  /** Whether the clock runs; else it stands still. */
  readonly timePasses?: boolean
  /** Receives the random password of the first admin, who otherwise has `ADMIN_PASSWORD`. */
  readonly announce?: (uname: string, password: string) => void
  /** Milliseconds between heartbeats of streams, if not the default. */
  readonly heartbeat?: number
  /** From 0 to 1, for what is spread over time; default 0. */
  readonly random?: number
  /** The number of nodes behind an nginx that takes them in turn; else one, without nginx. */
  readonly nodes?: number
}

/**
 * Starts a server. `await using server = await startServer()` stops it and deletes its data at the end of the
 * block.
 */
export async function startServer(settings: TestSettings = {}): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-test-'))
  if (settings.store !== undefined) return start(folder, settings, Date.now())
  if (SHARED !== undefined)
    return start(folder, { nodes: 2, ...settings, store: await newSpace(SHARED) }, Date.now())
  return start(folder, { ...settings, store: settings.durable ? 'sqlite' : 'memory:' }, Date.now())
}

/** One node or several that answer requests. */
interface Answering {
  readonly port: number
  stop(): Promise<void>
}

async function start(folder: string, settings: TestSettings, startedAt: number): Promise<TestServer> {
  const { nodes = 1, timePasses = false } = settings
  const server = { now: startedAt, log: [] as string[] } as { now: number; log: string[] } & TestServer
  const data = join(folder, 'data')
  const node = await newNode(folder, settings, {
    log: (line) => void server.log.push(line),
    clock: () => (timePasses ? Date.now() : server.now),
  })
  const running = nodes === 1 ? await node() : await startBehindNginx(nodes, node)
  return Object.assign(server, {
    url: `http://127.0.0.1:${running.port}`,
    port: running.port,
    data,
    async restart() {
      await running.stop()
      return start(folder, settings, server.now)
    },
    async [Symbol.asyncDispose]() {
      await running.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  })
}

/** Starts one more node. */
async function newNode(
  folder: string,
  { toml = '', store, publicUrl, nodes, heartbeat, announce, random = 0, slowHashes = false }: TestSettings,
  { log, clock }: { log: (line: string) => void; clock: () => number },
): Promise<() => Promise<Answering>> {
  const file = join(folder, 'settings.toml')
  // The tests' programs keep their connections, for which a stop would wait.
  const settings = patient(toml.includes('drain =') ? toml : `drain = "1ms"\n${toml}`)
  await Bun.write(file, nodes === undefined ? settings : trusting(settings))
  const config = readConfig(
    {
      config: file,
      port: '0',
      data: join(folder, 'data'),
      ...(store === undefined || store === 'sqlite' ? {} : { store }),
      ...(publicUrl === undefined ? {} : { 'public-url': publicUrl }),
    },
    {},
  )
  return () =>
    serve(config, {
      log: pino({ level: config.log.level, base: null }, { write: log }),
      clock,
      random: () => random,
      ...(slowHashes ? {} : { passwordCost: { memoryCost: 8, timeCost: 1 } }),
      ...(heartbeat === undefined ? {} : { heartbeat }),
      adminPassword: announce === undefined ? ADMIN_PASSWORD : null,
      announce: announce ?? (() => {}),
      withdraw() {},
      giveUp() {},
    })
}

/**
 * Lines of TOML that give network stores more time, as busy machines need, unless the test sets a time
 * itself.
 */
const patient = (toml: string) =>
  ['redis', 'postgres'].reduce(
    (all, store) => (all.includes(`[${store}]`) ? all : `${all}\n[${store}]\ntimeout = "10s"\n`),
    toml,
  )

/** Lines of TOML that trust nginx too. */
const trusting = (toml: string) =>
  toml.includes('trusted-proxies = [')
    ? toml.replace('trusted-proxies = [', `trusted-proxies = ["${PROXY_ADDRESS}", `)
    : `trusted-proxies = ["${PROXY_ADDRESS}"]\n${toml}`

/** All at once, as after a power failure. */
async function startBehindNginx(count: number, node: () => Promise<Answering>): Promise<Answering> {
  const nodes = await Promise.all(Array.from({ length: count }, node))
  const nginx = await startNginx(nodes.map(({ port }) => port))
  return {
    port: nginx.port,
    async stop() {
      await nginx[Symbol.asyncDispose]()
      await Promise.all(nodes.map((each) => each.stop()))
    },
  }
}
