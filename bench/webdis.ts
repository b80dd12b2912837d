import { join } from 'node:path'
import { freePort } from '../test/support/port.ts'
import { type Contender, WRITTEN } from './contender.ts'
import { rawRequest } from './load.ts'
import { startChild } from './process.ts'
import { each, missingRedis, sendCommands, startRedis } from './redis.ts'
import { ATTRIBUTES, attributesOf, keyOf, tokenOf, writeRecords } from './sessions.ts'

const get = (command: string) => rawRequest(`GET /${command}`, {})
const keys = Array.from({ length: 10 }, (_, k) => keyOf(k))

/**
 * Redis over HTTP: a hash per session. Clients that know its key may read and write it; there is no login and
 * no CSRF check.
 */
export const webdis: Contender = {
  name: 'Webdis + Redis, no login, no CSRF check',
  missing: () => missingRedis() ?? (Bun.which('webdis') === null ? 'apt-get install webdis' : null),
  async start({ folder, count, isDurable }) {
    await using stack = new AsyncDisposableStack()
    const redis = stack.use(await startRedis(folder, isDurable))
    await sendCommands(
      redis,
      folder,
      each(count, (i) => ['HSET', tokenOf(i), ...[...attributesOf(i, ATTRIBUTES)].flat()]),
    )
    const port = freePort()
    const settings = {
      redis_host: '127.0.0.1',
      redis_port: redis.port,
      http_host: '127.0.0.1',
      http_port: port,
      threads: 2,
      daemonize: false,
      database: 0,
      acl: [],
      verbosity: 0,
      logfile: join(folder, 'webdis.log'),
    }
    const config = join(folder, 'webdis.json')
    await Bun.write(config, JSON.stringify(settings))
    const child = stack.use(startChild(['webdis', config], { cwd: folder }))
    await answers(port)
    const recordOf = (i: number) => [tokenOf(i)]
    const records = await writeRecords(folder, count, recordOf)
    const kept = stack.move()
    return {
      name: webdis.name,
      port,
      pids: [redis.pid, child.pid],
      records,
      recordOf,
      requests: {
        one: get(`HGET/{1}/${keyOf(0)}`),
        ten: get(`HMGET/{1}/${keys.join('/')}`),
        write: get(`HSET/{1}/${WRITTEN}/{n}`),
        written: get(`HGET/{1}/${WRITTEN}`),
      },
      started: [redis.started, 'webdis (2 threads, as Debian sets it up)'],
      worksLater: false,
      attributesIn,
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    }
  },
}

async function answers(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      await fetch(`http://127.0.0.1:${port}/PING`)
      return
    } catch {
      await Bun.sleep(25)
    }
  }
  throw new Error('Webdis does not answer.')
}

/**
 * Webdis returns values by position, not by name, and does not say whether the request was `HGET a0` or `HGET
 * w`.
 */
function attributesIn(answer: string): Record<string, unknown> {
  const { HGET, HMGET } = JSON.parse(answer) as { HGET?: string | null; HMGET?: (string | null)[] }
  if (HMGET !== undefined) return Object.fromEntries(keys.map((key, k) => [key, HMGET[k]]))
  return HGET === undefined || HGET === null ? {} : { [keyOf(0)]: HGET, [WRITTEN]: HGET }
}
