import { afterAll } from 'bun:test'
import { openRedisStore } from '../../src/store/redis/open.ts'
import { describeWithRedis, type RedisServer, startRedis } from '../support/redis.ts'
import { type RedisCluster, startCluster } from '../support/redis-cluster.ts'
import { keepsLaws } from './keepsLaws.ts'

export const usual = { timeout: 1_000, replicas: 0, replicaTimeout: 500, allowEviction: false }

const open = (url: string) => openRedisStore(url, usual, () => {})

describeWithRedis('Redis', () => {
  let server: Promise<RedisServer> | undefined
  keepsLaws('redis', async () => {
    server ??= startRedis()
    const { url, ask } = await server
    await ask('FLUSHALL')
    return { store: await open(url), other: await open(url) }
  })
  afterAll(async () => (await server)?.[Symbol.asyncDispose]())
})

describeWithRedis('a cluster of Redis', () => {
  let cluster: Promise<RedisCluster> | undefined
  keepsLaws('redis cluster', async () => {
    cluster ??= startCluster()
    const { url, empty } = await cluster
    await empty()
    return { store: await open(url), other: await open(url) }
  })
  afterAll(async () => (await cluster)?.[Symbol.asyncDispose]())
})
