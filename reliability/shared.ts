import { readFileSync } from 'node:fs'
import { startPostgres } from '../test/support/postgres.ts'
import { startRedis } from '../test/support/redis.ts'
import { startWatched } from '../test/support/redis-sentinel.ts'

/** A store shared by several nodes, in its own process that can be killed. */
export interface Shared extends AsyncDisposable {
  readonly url: string
  /** Lines for the settings of the nodes. */
  readonly toml: string
  /** Makes the replica lag, if the store supports it. */
  lag?(): void
  /** Kills it with SIGKILL. */
  kill(): Promise<void>
  /** Starts it again with its data. */
  start(): Promise<void>
}

async function redis(fsync: 'always' | 'everysec'): Promise<Shared> {
  const server = await startRedis(['--appendfsync', fsync])
  return { ...bare(server), url: server.url, toml: '', kill: server.kill, start: server.restart }
}

/** With default settings: `fsync` and `synchronous_commit` are on. */
async function postgres(): Promise<Shared> {
  const server = await startPostgres()
  const start = async () => {
    for (let attempt = 0; ; attempt++) {
      try {
        return await server.start()
      } catch (error) {
        // The rest of the killed server may still hold its memory.
        if (attempt === 20) throw error
        await Bun.sleep(50)
      }
    }
  }
  return {
    ...bare(server),
    url: await server.newDatabase(),
    toml: '',
    async kill() {
      const pid = Number(readFileSync(server.file('postmaster.pid'), 'utf8').split('\n')[0])
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
      for (const each of [pid, ...children.map(Number)]) endAtOnce(each)
      await server.kill('SIGQUIT')
    },
    start,
  }
}

function endAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/**
 * A primary with a replica, and sentinels that promote the replica. The killed server comes back as its
 * replica, as it would under a supervisor: until there is one, no write is confirmed where confirmation is
 * required.
 */
async function sentinel(replicas: 0 | 1, isLagging: boolean): Promise<Shared> {
  const watched = await startWatched()
  return {
    ...bare(watched),
    ...(isLagging ? { lag: watched.lag } : {}),
    url: watched.url,
    toml: `[redis]\nwait-replicas = ${replicas}\n`,
    kill: watched.primary.kill,
    async start() {
      await watched.takenOver()
      await watched.primary.restart()
    },
  }
}

const bare = (owner: AsyncDisposable): AsyncDisposable => ({
  [Symbol.asyncDispose]: () => owner[Symbol.asyncDispose](),
})

/** All shared stores and how each is started. */
export const sharedStores = {
  redis: () => redis('always'),
  'redis-everysec': () => redis('everysec'),
  postgres,
  sentinel: () => sentinel(0, false),
  'sentinel-waited': () => sentinel(1, false),
  'sentinel-lagging': () => sentinel(0, true),
  'sentinel-lagging-waited': () => sentinel(1, true),
} satisfies Record<string, () => Promise<Shared>>

export type StoreName = keyof typeof sharedStores
