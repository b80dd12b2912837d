import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, type RedisServer, startRedis, startReplica, until } from './redis.ts'

/** A primary with a replica, and three sentinels that agree by two. */
export interface Watched extends AsyncDisposable {
  readonly primary: RedisServer
  readonly replica: RedisServer
  readonly url: string
}

/** The sentinels take half a second without an answer for a primary that is down. */
export async function startWatched(): Promise<Watched> {
  const primary = await startRedis()
  const replica = await startReplica(primary)
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
    async [Symbol.asyncDispose]() {
      for (const each of [...sentinels, replica, primary]) await each[Symbol.asyncDispose]()
    },
  }
}

async function startSentinel(primary: RedisServer): Promise<RedisServer> {
  const port = await freePort()
  const file = join(primary.folder, `sentinel-${port}.conf`)
  const lines = [
    `sentinel monitor sessions 127.0.0.1 ${primary.port} 2`,
    'sentinel down-after-milliseconds sessions 500',
    'sentinel failover-timeout sessions 3000',
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return startRedis([file, '--sentinel'], port)
}
