import { expect, test } from 'bun:test'
import { sessionKey } from '../../src/store/redis/keys.ts'
import { describeWithRedis, openRedis, startRedis } from '../support/redis.ts'
import { givenAttributes, givenSessionOf, givenUser, now } from './given.ts'

// A server starts in here, on machines that may have much else to do.
const userAgent =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1'

describeWithRedis('the hash of a session', () => {
  test('is one block of memory by the defaults of Redis, until an attribute is longer than 64 bytes', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id, handle } = await givenSessionOf(store, await givenUser(store), {
      address: '2001:db8:1234:5678:9abc:def0:1234:5678',
      userAgent,
    })
    const encoding = () => server.ask('OBJECT', 'ENCODING', sessionKey(handle))
    await givenAttributes(store, id, [['a', 'v'.repeat(64)]])
    await store.touchSessions([{ id, usedAt: now + 1, endsAt: now + 2 }], now)
    expect(await encoding()).toBe('listpack')
    await givenAttributes(store, id, [['b', 'v'.repeat(65)]])
    expect(await encoding()).toBe('hashtable')
    await store.close()
  })

  test('has a user agent of any length and characters as it was', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const user = await givenUser(store)
    for (const userAgent of ['', 'ß'.repeat(63), `${'a'.repeat(60)}${'🦊 '.repeat(90)}`]) {
      const { handle } = await givenSessionOf(store, user, { address: '::1', userAgent })
      const { items } = await store.listSessions({ handle }, null, 1, now)
      expect(items[0]).toMatchObject({ address: '::1', userAgent })
    }
    await store.close()
  })
})
