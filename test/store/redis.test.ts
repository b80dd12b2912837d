import { afterAll } from 'bun:test'
import { describeWithRedis, openRedis, type RedisServer, startRedis } from '../support/redis.ts'
import { type RedisCluster, startCluster } from '../support/redis-cluster.ts'
import { keepsLaws } from './keepsLaws.ts'

/** The laws are not about time, and a busy machine needs it. */
const PATIENT = { timeout: 20_000 }

describeWithRedis('Redis', () => {
  let server: Promise<RedisServer> | undefined
  keepsLaws('redis', async () => {
    server ??= startRedis()
    const { url, ask } = await server
    await ask('FLUSHALL')
    return { store: await openRedis(url, PATIENT), other: await openRedis(url, PATIENT) }
  })
  afterAll(async () => (await server)?.[Symbol.asyncDispose]())
})

describeWithRedis('a cluster of Redis', () => {
  let cluster: Promise<RedisCluster> | undefined
  keepsLaws('redis cluster', async () => {
    cluster ??= startCluster()
    const { url, empty } = await cluster
    await empty()
    return { store: await openRedis(url, PATIENT), other: await openRedis(url, PATIENT) }
  })
  afterAll(async () => (await cluster)?.[Symbol.asyncDispose]())
})
