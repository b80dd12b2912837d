import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../src/config.ts'
import { type Client, connect } from '../../src/store/redis/client.ts'
import { openRedisStore, type RedisOptions } from '../../src/store/redis/open.ts'
import { placeOf } from '../../src/store/redis/place.ts'
import type { Store } from '../../src/store/store.ts'
import { describeWith, lackOf } from './installed.ts'
import { STEP_LIMIT_MS } from './limits.ts'
import { freePort } from './port.ts'

/** A real Redis on a free port of the loopback interface. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
  readonly folder: string
  /**
   * Sends a command and resolves with its reply, over its own connection, which lasts as long as the server.
   */
  ask(...args: readonly string[]): Promise<unknown>
  /** Kills it at once, without a chance to save anything. */
  kill(): Promise<void>
  /** Suspends the process, and resumes it. */
  pause(): void
  resume(): void
  /** Starts it again on the same port with its data. */
  restart(): Promise<void>
}

/** The default settings of a server. */
export const usual: RedisOptions = readConfig({}, {}).redis

/** Opens a store like a server does. */
export const openRedis = (url: string, options: Partial<RedisOptions> = {}): Promise<Store> =>
  openRedisStore(url, { ...usual, ...options }, () => {})

/** Tests with a real Redis. */
export const describeWithRedis = (says: string, tests: () => void): void =>
  describeWith('Redis', lackOf(['redis-server', 'redis-cli']), says, tests)

/**
 * Starts a Redis that keeps its data; `settings` go on its command line. `await using` stops it and deletes
 * the data.
 */
export async function startRedis(settings: readonly string[] = [], port?: number): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-redis-'))
  const listening = port ?? freePort()
  // Sentinels start from a file, which they write to.
  const isSentinel = settings.includes('--sentinel')
  const command = [
    'redis-server',
    ...(isSentinel ? settings : []),
    ...['--port', String(listening), '--bind', '127.0.0.1', '--dir', folder],
    ...(isSentinel
      ? []
      : [
          '--save',
          '',
          '--appendonly',
          'yes',
          '--appendfsync',
          'always',
          '--repl-diskless-sync-delay',
          '0',
          ...settings,
        ]),
  ]
  const start = () =>
    Bun.spawn(command, { cwd: folder, stdout: Bun.file(join(folder, 'log')), stderr: 'ignore' })
  let child = start()
  let client: Client | null = null
  const url = `redis://127.0.0.1:${listening}`
  const ask = async (...args: readonly string[]) => {
    client ??= await connect(placeOf(url), { host: '127.0.0.1', port: listening }, STEP_LIMIT_MS, () => {
      client = null
    })
    return client.send(args)
  }
  const server: RedisServer = {
    port: listening,
    url,
    folder,
    ask,
    async kill() {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await child.exited
    },
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async restart() {
      child = start()
      await isUp(listening)
    },
    async [Symbol.asyncDispose]() {
      client?.destroy()
      await server.kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  const ended = child.exited.then(() => {
    throw new Error('Redis ended at its start.')
  })
  try {
    await Promise.race([isUp(listening), ended])
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
  return server
}

const isUp = (port: number) =>
  until(async () => {
    const open = placeOf(`redis://127.0.0.1:${port}`)
    // A demand for a password is a reply too.
    const client = await connect(open, open.hosts[0], STEP_LIMIT_MS, () => {}).catch((error) => {
      if (/NOAUTH/.test(String(error))) return null
      throw error
    })
    const answer = client === null ? 'PONG' : await client.send(['PING'])
    client?.destroy()
    return answer === 'PONG'
  })

/** Starts a replica and resolves when it confirms writes. */
export async function startReplica({ port, ask }: RedisServer): Promise<RedisServer> {
  const replica = await startRedis(['--replicaof', `127.0.0.1 ${port}`])
  await until(async () => {
    await ask('SET', 'nothing', '')
    return Number(await ask('WAIT', '1', '100')) === 1
  })
  await ask('DEL', 'nothing')
  return replica
}

/** Resolves when `holds` resolves with true. Rejects if that never happens. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const started = performance.now()
  for (;;) {
    try {
      if (await holds()) return
    } catch (error) {
      if (performance.now() - started > STEP_LIMIT_MS) throw error
    }
    if (performance.now() - started > STEP_LIMIT_MS) throw new Error(`It never came true: ${holds}`)
    await Bun.sleep(5)
  }
}
