import { expect, setDefaultTimeout, test } from 'bun:test'
import { StoreFault } from '../../src/errors.ts'
import { describeWithRedis, openRedis, until } from '../support/redis.ts'
import { startWatched } from '../support/redis-sentinel.ts'
import { errorOf } from './file.ts'
import { attributesOf, givenAttributes, givenSession, put } from './given.ts'

setDefaultTimeout(20_000)

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
})
