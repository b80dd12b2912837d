import { expect, test } from 'bun:test'
import { StoreFault } from '../../src/errors.ts'
import { handleOf } from '../../src/store/store.ts'
import { describeWithRedis, openRedis, until } from '../support/redis.ts'
import { startWatched } from '../support/redis-sentinel.ts'
import { errorOf } from './file.ts'
import { attributesOf, givenAttributes, givenSession, isLive, newSession, now, put } from './given.ts'

describeWithRedis('a primary that sentinels watch', () => {
  test('is found by its name, and followed to the next one, which has what it confirmed', async () => {
    await using watched = await startWatched()
    const unknown = await errorOf(() => openRedis(watched.url.replace(/sessions$/, 'nobody')))
    expect(unknown).toMatchObject({ name: 'SetupError' })
    expect(String(unknown)).toContain('no primary called nobody')
    const [sentinel] = /127[^,/]+/.exec(watched.url) ?? []
    expect(String(await errorOf(() => openRedis(`redis://${sentinel}`)))).toContain('redis+sentinel://')

    const store = await openRedis(watched.url, { timeout: 5_000, replicas: 1, replicaTimeout: 4_000 })
    const { id } = await givenSession(store)
    await givenAttributes(store, id, [['a', '1']])
    await store.close()
    const node = await openRedis(watched.url)
    await watched.primary.kill()
    await until(async () => {
      const outcome = await put(node, id, [['b', '2']]).catch((error) => error)
      if (!(outcome instanceof Error)) return true
      expect(outcome).toBeInstanceOf(StoreFault)
      return false
    })
    expect(await attributesOf(node, id)).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
    expect(String(await watched.replica.ask('ROLE'))).toStartWith('master')
    await node.close()
  })

  test('with a replica that lags: what it has not got is lost, and was refused where it had to be confirmed', async () => {
    await using watched = await startWatched()
    const store = await openRedis(watched.url)
    const waiting = await openRedis(watched.url, { timeout: 5_000, replicas: 1, replicaTimeout: 200 })
    const { id } = await givenSession(store)
    const ended = await givenSession(store)
    await givenAttributes(store, id, [['a', '1']])
    // All that was written before this one has arrived with it.
    await until(async () => {
      await watched.primary.ask('SET', 'last', '')
      return (await watched.primary.ask('WAIT', '1', '1000')) === 1
    })
    watched.lag()
    expect(await put(store, id, [['b', '2']])).toMatchObject({ version: 3 })
    expect(await store.endSession(ended.handle, null, 'revoked', now)).toBe(true)
    const refused = [
      put(waiting, id, [['c', '3']]),
      waiting.insertSession(newSession(ended)),
      waiting.endSession(handleOf(id), null, 'revoked', now),
    ]
    for (const outcome of await Promise.allSettled(refused)) {
      expect(outcome.status === 'rejected' && outcome.reason).toMatchObject({
        code: 'store_unavailable',
        message: expect.stringContaining('0 of 1 replicas'),
      })
    }
    await watched.primary.kill()
    await watched.takenOver()
    await until(async () => (await attributesOf(store, id)) !== null)
    expect(await attributesOf(store, id)).toEqual([['a', '1']])
    expect(await isLive(store, ended.id)).toBe(true)
    await waiting.close()
    await store.close()
  })
})
