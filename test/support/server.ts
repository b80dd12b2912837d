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
 * The server of Redis or PostgreSQL by which `npm run test:nodes` has each server be two nodes behind nginx, with a database of its own
 * there.
 */
const SHARED = process.env['CLOAKROOM_TEST_STORE']

/** A real server, in this process, on a free port of the loopback interface. */
export interface TestServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** The folder that it keeps everything in. */
  readonly data: string
  /** What it has logged so far, a line each. */
  readonly log: readonly string[]
  /** Its clock, which stands still until somebody moves it. */
  now: number
  /** Stops the server and starts it anew on what it has kept, which is nothing unless it is `durable`. */
  restart(): Promise<TestServer>
}

export interface TestSettings {
  /** Lines of TOML. */
  readonly toml?: string
  /** A URL, or `sqlite` for a database in the folder of the server, on one node; else one of its own in memory, or the shared one. */
  readonly store?: string
  /** Whether what is kept is there after a restart: then SQLite is in the place of memory. */
  readonly durable?: boolean
  readonly publicUrl?: string
  /** Whether passwords are hashed as slowly as they should be, for tests that need the time it takes. */
  readonly slowHashes?: boolean
  /** Whether time goes by; else it stands still. */
  readonly timePasses?: boolean
  /** Is given the random password of the first admin; else that one has `ADMIN_PASSWORD`. */
  readonly announce?: (uname: string, password: string) => void
  /** Milliseconds between the heartbeats of streams, if not as usual. */
  readonly heartbeat?: number
  /** From 0 to 1, where something is spread over time; else 0. */
  readonly random?: number
  /** As how many nodes, behind an nginx that goes around them; else one, without. */
  readonly nodes?: number
}

/** Starts a server. `await using server = await startServer()` stops it and deletes what it kept at the end of the block. */
export async function startServer(settings: TestSettings = {}): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-test-'))
  if (settings.store !== undefined) return start(folder, settings, Date.now())
  if (SHARED !== undefined)
    return start(folder, { nodes: 2, ...settings, store: await newSpace(SHARED) }, Date.now())
  return start(folder, { ...settings, store: settings.durable ? 'sqlite' : 'memory:' }, Date.now())
}

/** What answers, be it one node or several. */
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

/** How one more node is started. */
async function newNode(
  folder: string,
  { toml = '', store, publicUrl, nodes, heartbeat, announce, random = 0, slowHashes = false }: TestSettings,
  { log, clock }: { log: (line: string) => void; clock: () => number },
): Promise<() => Promise<Answering>> {
  const file = join(folder, 'settings.toml')
  // Programs of a test keep their connections, which a stop would wait for.
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

/** Lines of TOML by which stores on the network may be slow, as they are on a machine that is busy, unless they say for how long. */
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

/** All at once, as they would start after a failure of power. */
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
