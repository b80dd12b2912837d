import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { readConfig } from '../../src/config.ts'
import { type Running, serve } from '../../src/serve.ts'

export const ADMIN_PASSWORD = 'correct horse battery staple'

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
  /** Stops the server and starts it anew on what it has kept. */
  restart(): Promise<TestServer>
}

export interface TestSettings {
  /** Lines of TOML. */
  readonly toml?: string
  /** A URL, such as `memory:`; else a SQLite database in a folder of its own. */
  readonly store?: string
  readonly publicUrl?: string
  /** Whether passwords are hashed as slowly as they should be, for tests that need the time it takes. */
  readonly slowHashes?: boolean
  /** Whether time goes by; else it stands still. */
  readonly timePasses?: boolean
}

/** Starts a server. `await using server = await startServer()` stops it and deletes what it kept at the end of the block. */
export async function startServer(settings: TestSettings = {}): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-test-'))
  return start(folder, settings, Date.now())
}

async function start(folder: string, settings: TestSettings, startedAt: number): Promise<TestServer> {
  const { toml = '', store, publicUrl, timePasses = false, slowHashes = false } = settings
  const file = join(folder, 'settings.toml')
  await Bun.write(file, toml)
  const data = join(folder, 'data')
  const log: string[] = []
  const clock = () => (timePasses ? Date.now() : server.now)
  const config = readConfig(
    {
      config: file,
      port: '0',
      data,
      ...(store === undefined ? {} : { store }),
      ...(publicUrl === undefined ? {} : { 'public-url': publicUrl }),
    },
    {},
  )
  const server = { now: startedAt } as { now: number } & TestServer
  const running: Running = await serve(config, {
    log: pino({ level: config.log.level, base: null }, { write: (line) => void log.push(line) }),
    clock,
    ...(slowHashes ? {} : { passwordCost: { memoryCost: 8, timeCost: 1 } }),
    adminPassword: ADMIN_PASSWORD,
    announce() {},
    giveUp() {},
  })
  return Object.assign(server, {
    url: `http://127.0.0.1:${running.port}`,
    port: running.port,
    data,
    log,
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
