import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './port.ts'
import { startProxy } from './proxy.ts'
import { type RedisServer, startRedis, startReplica, until } from './redis.ts'

/** A primary with a replica, and three sentinels that agree by two. */
export interface Watched extends AsyncDisposable {
  readonly primary: RedisServer
  readonly replica: RedisServer
  readonly url: string
  /** Nothing that is written from now on arrives at the replica, and the two hold their connection for well. */
  lag(): void
  /** Resolves when all sentinels name the replica, so that nobody goes back to a primary that comes back. */
  takenOver(): Promise<void>
}

/** The sentinels take half a second without an answer for a primary that is down. */
export async function startWatched(): Promise<Watched> {
  const primary = await startRedis()
  const network = startProxy(primary.port)
  const replica = await startReplica({ ...primary, port: network.port })
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(primary)))
  await until(async () => {
    const answers = await Promise.all(sentinels.map((sentinel) => sentinel.ask('SENTINEL', 'MASTERS')))
    return answers.every((answer) => {
      const [fields = []] = answer as string[][]
      const at = (name: string) => fields[fields.indexOf(name) + 1]
      return at('num-slaves') === '1' && at('num-other-sentinels') === '2'
    })
  })
  return {
    primary,
    replica,
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/sessions`,
    lag() {
      network.mood = 'mute'
    },
    takenOver: () =>
      until(async () => {
        const named = await Promise.all(
          sentinels.map((sentinel) => sentinel.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'sessions')),
        )
        return named.every((address) => (address as string[])[1] === String(replica.port))
      }),
    async [Symbol.asyncDispose]() {
      for (const each of [...sentinels, replica, network, primary]) await each[Symbol.asyncDispose]()
    },
  }
}

/** Starts a sentinel of this primary, with these settings of its command line besides. */
export async function startSentinel(
  primary: RedisServer,
  settings: readonly string[] = [],
): Promise<RedisServer> {
  const port = freePort()
  const file = join(primary.folder, `sentinel-${port}.conf`)
  const lines = [
    `sentinel monitor sessions 127.0.0.1 ${primary.port} 2`,
    'sentinel down-after-milliseconds sessions 500',
    // After that time they would have the replica go around the network that is between the two here.
    'sentinel failover-timeout sessions 20000',
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const sentinel = await startRedis([file, '--sentinel', ...settings], port)
  // They look about every ten seconds, and so it would take as long until a primary that comes back is a replica.
  await sentinel.ask('SENTINEL', 'DEBUG', 'INFO-PERIOD', '500', 'PUBLISH-PERIOD', '200')
  return sentinel
}
