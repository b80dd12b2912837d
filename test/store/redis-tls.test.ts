import { expect, test } from 'bun:test'
import { idOf, newToken } from '../../src/session/token.ts'
import { sessionKey } from '../../src/store/redis/keys.ts'
import { slotOf } from '../../src/store/redis/slots.ts'
import { handleOf } from '../../src/store/store.ts'
import { logIn } from '../support/client.ts'
import { watch } from '../support/events.ts'
import { freePort } from '../support/port.ts'
import { openPlace, type Place } from '../support/process.ts'
import { type RedisServer, until } from '../support/redis.ts'
import { ownerOf, startCluster } from '../support/redis-cluster.ts'
import { startSentinel } from '../support/redis-sentinel.ts'
import {
  type Authority,
  describeWithTls,
  HERE,
  openAuthority,
  settingsWith,
  startTapped,
  startTlsRedis,
  type Tapped,
} from '../support/redis-tls.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

// Servers start in here, on machines that may have much else to do.
const SECRET = 'hunter2'

/** From then on it wants the password, and there is no other way to it than TLS; what `ask` has is kept. */
const shut = async ({ ask }: RedisServer) => {
  await ask('CONFIG', 'SET', 'requirepass', SECRET, 'port', '0')
}

const serveOn = (place: Place, url: string, { trusted }: Authority) =>
  place.serve(['--store', url], { CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD, ...trusted })

/** What a check says, and its exit code. */
async function check(place: Place, url: string, env: Readonly<Record<string, string>> = {}) {
  const { code, out, err } = await place.run(['check', '--store', url], { env })
  return [code, code === 0 ? out : err] as const
}

/** A login, and what is done with its session until it ends. */
async function useAll(server: { readonly url: string }): Promise<void> {
  const client = await logIn(server)
  await using stream = await watch(client)
  await client.json('/session/put', { a: '1', b: '2' })
  expect(await client.json('/session/get')).toEqual({ a: '1', b: '2' })
  await client.json('/session/delete', { key: 'a' })
  expect(await client.json('/session/get')).toEqual({ b: '2' })
  await client.json('/session/invalidate', {})
  expect((await client.ask('/session/get')).status).toBe(401)
  await stream.until(() => stream.isOver)
  expect(stream.events.map(({ event }) => event)).not.toContain('missed')
}

describeWithTls('Redis over TLS', () => {
  for (const host of ['localhost', '127.0.0.1']) {
    test(`is reached at ${host}, and keeps sessions`, async () => {
      using authority = openAuthority()
      await using redis = await startTlsRedis(authority.issue(HERE))
      await using place = openPlace()
      await shut(redis)
      const url = `rediss://:${SECRET}@${host}:${redis.tlsPort}`
      expect(await check(place, url, authority.trusted)).toEqual([0, expect.stringContaining('answers')])
      await useAll(await serveOn(place, url, authority))
    })
  }

  test('a primary that sentinels name by its address is reached', async () => {
    using authority = openAuthority()
    const issued = authority.issue(HERE)
    await using redis = await startTlsRedis(issued)
    const port = freePort()
    await using sentinel = await startSentinel({ ...redis, port: redis.tlsPort }, settingsWith(issued, port))
    await using place = openPlace()
    await redis.ask('CONFIG', 'SET', 'port', '0')
    await sentinel.ask('CONFIG', 'SET', 'port', '0').catch(() => {})
    await useAll(await serveOn(place, `rediss+sentinel://127.0.0.1:${port}/sessions`, authority))
  })

  test('nothing of what is sent to any node of a cluster is in the clear', async () => {
    using authority = openAuthority()
    const issued = authority.issue(HERE)
    const ports: number[] = []
    const own = () => {
      const port = freePort()
      ports.push(port)
      return settingsWith(issued, port)
    }
    await using cluster = await startCluster(['--tls-cluster', 'yes'], 4, own)
    await using taps = new AsyncDisposableStack()
    const tapped: Tapped[] = []
    for (const node of cluster.nodes) {
      const [, port] = (await node.ask('CONFIG', 'GET', 'tls-port')) as [string, string]
      const tap = taps.use(startTapped(Number(port)))
      tapped.push(tap)
      await node.ask('CONFIG', 'SET', 'cluster-announce-tls-port', String(tap.port))
      await shut(node)
      await node.ask('CONFIG', 'RESETSTAT')
    }
    const knowsAll = async ({ ask }: RedisServer) => {
      const text = String(await ask('CLUSTER', 'NODES'))
      return tapped.every(({ port }) => text.includes(`127.0.0.1:${port}@`))
    }
    await until(async () => (await Promise.all(cluster.nodes.map(knowsAll))).every((all) => all))

    await using place = openPlace()
    const url = `rediss+cluster://:${SECRET}@127.0.0.1:${tapped[0]?.port}`
    expect(await check(place, url, authority.trusted)).toEqual([0, expect.stringContaining('a cluster')])
    const server = await serveOn(place, url, authority)
    await useAll(server)
    const done = await Promise.all(cluster.nodes.map(({ ask }) => ask('INFO', 'commandstats')))
    expect(done.map((stats) => String(stats).includes('cmdstat_ping:'))).toEqual([true, true, true, false])
    expect(done.join()).toContain('cmdstat_ssubscribe:')

    // A slot on its way to a node that has none yet, and then there.
    const token = newToken(false)
    const slot = slotOf(sessionKey(handleOf(idOf(token))))
    const from = cluster.nodes[ownerOf(slot)]
    const to = cluster.nodes[3]
    if (from === undefined || to === undefined) throw new Error('There is no such node.')
    const asked = async () => server.get('/session/get', `zsessionid=${token}`)
    const say = async (node: RedisServer, state: string, other: RedisServer) =>
      node.ask('CLUSTER', 'SETSLOT', String(slot), state, String(await other.ask('CLUSTER', 'MYID')))
    await say(to, 'IMPORTING', from)
    await say(from, 'MIGRATING', to)
    expect(await asked()).toBe(401)
    expect(String(await to.ask('INFO', 'commandstats'))).toContain('cmdstat_asking:')
    for (const node of [to, from, ...cluster.nodes]) await say(node, 'NODE', to)
    expect(await asked()).toBe(401)
    expect(tapped[3]?.heard().length).toBeGreaterThan(1)

    for (const bytes of tapped.flatMap((tap) => tap.heard())) {
      // A handshake of TLS (RFC 8446, 5.1).
      expect([bytes[0], bytes[1]]).toEqual([22, 3])
      for (const word of [SECRET, 'HELLO', 'cloakroom:']) expect(bytes.includes(word)).toBe(false)
    }
  })

  test('a certificate of a stranger, or for another name or address, gets nothing to read', async () => {
    using authority = openAuthority()
    using stranger = openAuthority()
    await using place = openPlace()
    const schemes = ['rediss', 'rediss+cluster', 'rediss+sentinel']
    for (const [issued, host, words] of [
      [stranger.issue(HERE), '127.0.0.1', 'NODE_EXTRA_CA_CERTS'],
      [stranger.issue(HERE), 'localhost', 'NODE_EXTRA_CA_CERTS'],
      [authority.issue('DNS:localhost,IP:127.0.0.2'), '127.0.0.1', 'is for another name or address'],
      [authority.issue('DNS:127.0.0.1'), '127.0.0.1', 'is for another name or address'],
      [authority.issue('DNS:redis.example,IP:127.0.0.1'), 'localhost', 'is for another name or address'],
    ] as const) {
      const heard: Uint8Array[] = []
      using listener = Bun.listen({
        hostname: '127.0.0.1',
        port: 0,
        tls: { key: Bun.file(issued.key), cert: Bun.file(issued.certificate) },
        socket: { data: (_, bytes) => void heard.push(bytes) },
      })
      const at = `${host}:${listener.port}`
      const refused = schemes.map(async (scheme) => {
        const path = scheme === 'rediss+sentinel' ? '/name' : ''
        const [code, said] = await check(place, `${scheme}://:${SECRET}@${at}${path}`, authority.trusted)
        expect([code, said]).toEqual([2, expect.stringContaining(words)])
        expect(said).toContain(at)
        expect(said).not.toContain(SECRET)
      })
      await Promise.all(refused)
      expect(heard).toEqual([])
    }
  })

  test('what is wrong with TLS is said, and what to do about it', async () => {
    using authority = openAuthority()
    await using redis = await startTlsRedis(authority.issue(HERE))
    await using place = openPlace()
    const [plain, encrypted] = [`127.0.0.1:${redis.port}`, `127.0.0.1:${redis.tlsPort}`]
    const expectSaid = async (url: string, ...words: readonly string[]) => {
      const [code, said] = await check(place, url, authority.trusted)
      expect(code).toBe(2)
      for (const word of words) expect(said).toContain(word)
    }
    await Promise.all([
      expectSaid(`redis://${encrypted}`, 'no Redis', encrypted, 'If it speaks TLS there, use rediss://.'),
      expectSaid(`redis+cluster://${encrypted}`, encrypted, 'use rediss+cluster://.'),
      expectSaid(`redis+sentinel://${encrypted}/name`, encrypted, 'use rediss+sentinel://.'),
      expectSaid(`rediss://${plain}`, 'no Redis', plain, 'If it does not speak TLS there, use redis://.'),
      expectSaid(`rediss+cluster://${plain}`, plain, 'use redis+cluster://.'),
      expectSaid(`rediss+sentinel://${plain}/name`, plain, 'use redis+sentinel://.'),
    ])
    const [code, said] = await check(place, `rediss://${encrypted}`)
    expect([code, said]).toEqual([2, expect.stringContaining('NODE_EXTRA_CA_CERTS')])

    await redis.ask('CONFIG', 'SET', 'tls-auth-clients', 'yes')
    await expectSaid(`rediss://${encrypted}`, encrypted, 'tls-auth-clients no')
    await redis.ask('CONFIG', 'SET', 'tls-protocols', 'TLSv1.2')
    await expectSaid(`rediss://${encrypted}`, encrypted, 'tls-auth-clients no')

    await using old = await startTlsRedis(authority.issue(HERE, 0))
    await expectSaid(`rediss://127.0.0.1:${old.tlsPort}`, 'CERT_HAS_EXPIRED', 'Renew it')
  })
})
