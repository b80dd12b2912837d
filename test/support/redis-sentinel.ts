import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './port.ts'
import { startProxy } from './proxy.ts'
import { type RedisServer, startRedis, startReplica, until } from './redis.ts'

/** A primary with a replica, and three sentinels of which two must agree. */
export interface Watched extends AsyncDisposable {
  readonly primary: RedisServer
  readonly replica: RedisServer
  readonly url: string
  /** From now on no write reaches the replica, but both consider their connection healthy. */
  lag(): void
  /** Resolves when all sentinels name the replica, so that no client goes back to a primary that returns. */
  takenOver(): Promise<void>
}

/** The sentinels consider a primary down after half a second without a response. */
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

/** Starts a sentinel of this primary, with more settings on its command line. */
export async function startSentinel(
  primary: RedisServer,
  settings: readonly string[] = [],
): Promise<RedisServer> {
  const port = freePort()
  const file = join(primary.folder, `sentinel-${port}.conf`)
  const lines = [
    `sentinel monitor sessions 127.0.0.1 ${primary.port} 2`,
    'sentinel down-after-milliseconds sessions 500',
    // After that time they would make the replica bypass the network between the two.
    'sentinel failover-timeout sessions 20000',
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  const sentinel = await startRedis([file, '--sentinel', ...settings], port)
  // Sentinels check about every ten seconds; it would take as long until a returning primary becomes a
  // replica.
  await sentinel.ask('SENTINEL', 'DEBUG', 'INFO-PERIOD', '500', 'PUBLISH-PERIOD', '200')
  return sentinel
}
