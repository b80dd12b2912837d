import { expect, test } from 'bun:test'
import { SetupError } from '../../src/errors.ts'
import { checkRedis } from '../../src/store/redis/open.ts'
import { RIGHTS } from '../../src/store/redis/sentences.ts'
import { freePort } from '../support/port.ts'
import {
  describeWithRedis,
  openRedis,
  type RedisServer,
  startRedis,
  startReplica,
  usual,
} from '../support/redis.ts'
import { startCluster } from '../support/redis-cluster.ts'
import { startTicking } from '../support/ticking.ts'
import { errorOf } from './file.ts'
import { givenSession } from './given.ts'

// Servers start in here, on machines that may have much else to do.
const PASSWORD = 'hunter2/+é'
const withLogin = ({ url }: RedisServer, login: string) => url.replace('//', `//${login}@`)

/** One sentence or two that name all of these and not the password, within five seconds. */
async function expectRefusal(url: string, ...words: readonly string[]): Promise<void> {
  using time = startTicking()
  for (const open of [() => openRedis(url), () => checkRedis(url, usual)]) {
    const error = await errorOf(open)
    if (!(error instanceof SetupError)) throw error
    for (const word of words) expect(error.message).toContain(word)
    expect(error.message).not.toMatch(/hunter2|\n/)
  }
  expect(time.ms).toBeLessThan(5_000)
}

describeWithRedis('Redis at the start', () => {
  test('a host where nothing listens is named, in whatever way it is reached', async () => {
    const port = freePort()
    const host = `127.0.0.1:${port}`
    await expectRefusal(`redis://${host}`, host, 'no Redis', '--store')
    await expectRefusal(`redis://user:hunter2@${host}`, host, 'no Redis', '--store')
    await expectRefusal(`redis+cluster://${host}`, host, 'no Redis', '--store')
    await expectRefusal(`redis+sentinel://:hunter2@${host}/name`, host, 'no Redis', '--store')
    await expectRefusal('redis://nowhere.invalid:1', 'nowhere.invalid:1', 'no Redis', '--store')
  })

  test('a server that takes connections and says nothing is named', async () => {
    await using server = await startRedis()
    server.pause()
    await expectRefusal(server.url, String(server.port), 'no Redis')
    server.resume()
  })

  test('what is no Redis is named', async () => {
    using other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('other') })
    await expectRefusal(`redis://127.0.0.1:${other.port}`, String(other.port), 'no Redis')
  })

  test('a wrong password and none are told apart', async () => {
    await using server = await startRedis(['--requirepass', PASSWORD])
    await expectRefusal(server.url, 'asks for a password', '--store')
    await expectRefusal(withLogin(server, ':hunter2x'), 'refuses the password', '--store')
    await expectRefusal(withLogin(server, 'alice:hunter2'), 'refuses the password', 'alice')
    const right = withLogin(server, `:${encodeURIComponent(PASSWORD)}`)
    await (await openRedis(right)).close()
    expect(await checkRedis(right, usual)).not.toContain('hunter2')
  })

  test('a database that is not there is named', async () => {
    await using server = await startRedis()
    await expectRefusal(`${server.url}/99`, 'no database 99', '/0')
    await (await openRedis(`${server.url}/3`)).close()
  })

  test('a replica is refused, and its primary is named', async () => {
    await using primary = await startRedis()
    await using replica = await startReplica(primary)
    await expectRefusal(replica.url, 'replica', `127.0.0.1:${primary.port}`, '--store')
  })

  test('a user without rights is named, with the rights to give', async () => {
    await using server = await startRedis()
    const rights = RIGHTS.split(' ')
    const give = (...given: string[]) =>
      server.ask('ACL', 'SETUSER', 'cloakroom', 'reset', 'on', '>hunter2', ...given)
    const url = withLogin(server, 'cloakroom:hunter2')
    await give(...rights)
    const store = await openRedis(url)
    await givenSession(store)
    await store.close()
    expect(await checkRedis(url, usual)).toStartWith(server.url.replace('//', '//cloakroom:***@'))
    for (const lacking of [
      rights.map((right) => (right.startsWith('~') ? '~other:*' : right)),
      rights.filter((right) => right !== '+@write'),
      rights.filter((right) => right !== '+@scripting'),
      rights.filter((right) => right !== '+info'),
      rights.filter((right) => right !== '+time'),
      rights.filter((right) => right !== '+@pubsub'),
      rights.map((right) => (right.startsWith('&') ? '&other:*' : right)),
      [...rights, '-pubsub|shardnumsub'],
      [...rights, '-zadd'],
    ]) {
      await give(...lacking)
      await expectRefusal(url, 'cloakroom', `Give it ${RIGHTS}.`)
    }
  })

  test('the documentation names the rights that the sentences name', async () => {
    expect(await Bun.file('docs/operating.md').text()).toContain(RIGHTS)
  })

  test('a policy that throws logins away is refused, or warned of by whoever says so', async () => {
    await using server = await startRedis(['--maxmemory', '100mb', '--maxmemory-policy', 'volatile-lru'])
    await expectRefusal(server.url, 'volatile-lru', 'noeviction', 'redis.allow-eviction')
    await (await openRedis(server.url, { allowEviction: true })).close()
    expect(await checkRedis(server.url, { ...usual, allowEviction: true })).toContain('volatile-lru')
    await server.ask('CONFIG', 'SET', 'maxmemory', '0')
    await (await openRedis(server.url)).close()
    await server.ask('CONFIG', 'SET', 'maxmemory', '100mb', 'maxmemory-policy', 'noeviction')
    await (await openRedis(server.url)).close()
  })

  test('a cluster, a single server and a sentinel are each reached by their own kind of URL', async () => {
    await using cluster = await startCluster()
    await expectRefusal(`redis://127.0.0.1:${cluster.nodes[0]?.port}`, 'cluster', 'redis+cluster://')
    await using server = await startRedis()
    await expectRefusal(`redis+cluster://127.0.0.1:${server.port}`, 'not in a cluster', 'redis://')
    expect(await checkRedis(cluster.url, usual)).toContain('a cluster')
    await cluster.nodes[0]?.ask('CLUSTER', 'DELSLOTS', '1')
    await expectRefusal(`redis+cluster://127.0.0.1:${cluster.nodes[0]?.port}`, 'slots that no node serves')
  })

  test('what is no sentinel is called that, also beside one that is away', async () => {
    await using server = await startRedis()
    const host = `127.0.0.1:${server.port}`
    await expectRefusal(`redis+sentinel://${host}/name`, host, 'no sentinel', 'redis://')
    await expectRefusal(`redis+sentinel://127.0.0.1:${freePort()},${host}/name`, `${host} is no sentinel`)
  })

  test('a check asks every server in the way that a server of ours does', async () => {
    await using cluster = await startCluster()
    for (const node of cluster.nodes) await node.ask('CONFIG', 'RESETSTAT')
    await checkRedis(cluster.url, usual)
    for (const node of cluster.nodes) {
      expect(String(await node.ask('INFO', 'commandstats'))).toContain('cmdstat_ping:calls=1,')
    }
  })

  test('a check says what is lost at a kill, and changes nothing', async () => {
    await using server = await startRedis()
    expect(await checkRedis(server.url, usual)).toMatch(/Redis 7.*one server.*appendonly yes/)
    await server.ask('CONFIG', 'SET', 'appendonly', 'no')
    expect(await checkRedis(server.url, usual)).toMatch(/appendonly no.*lost/)
    expect(await server.ask('DBSIZE')).toBe(0)
    expect(String(await server.ask('INFO', 'commandstats'))).not.toMatch(/cmdstat_(hset|zadd|set|del):/)
  })

  for (const url of [
    'redis://',
    'redis://host:99999',
    'redis://host:hunter2@host:1/x',
    'redis://a:1,b:2',
    'redis+sentinel://host:1',
    'redis+cluster://host:1/4',
    'redis://u:hunter2%zz@host',
    'redis://u:hunter2@host/0?x=1',
  ]) {
    test(`${url} is no place`, () => expectRefusal(url, '--store'))
  }
})
