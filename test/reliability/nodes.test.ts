import { expect, test } from 'bun:test'
import { type NodeTally, runNodeRounds, type Victim } from '../../reliability/node-rounds.ts'
import type { StoreName } from '../../reliability/shared.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { describeWithRedis } from '../support/redis.ts'

/** A few kills of which nothing may be left: by hand there are more. */
async function kill(store: StoreName, victim: Victim, rounds: number): Promise<NodeTally> {
  const seed = Math.floor(Math.random() * 1_000_000)
  const tally = await runNodeRounds({ store, victim, rounds, seed, progress() {} })
  const { kills, lost, half, revived, answered, compared } = tally
  expect({ seed, kills, lost, half, revived }).toEqual({ seed, kills: rounds, lost: 0, half: 0, revived: 0 })
  // Rounds in which nothing was written or compared would show nothing.
  expect([answered > 0, compared > 0]).toEqual([true, true])
  return tally
}

const nodesAreKilled = (store: StoreName) =>
  test('a node that is killed under load costs no client more than one request, and loses nothing', async () => {
    expect((await kill(store, 'node', 2)).mostFailed).toBeLessThanOrEqual(1)
  })

const storeIsKilled = (store: StoreName) =>
  test('the store is killed under load and started again: nothing is lost, and all go on by themselves', async () => {
    // Every client goes on until a write of its own is answered again, so one that no request failed of was never under load.
    expect((await kill(store, 'store', 2)).failed).toBeGreaterThan(0)
  })

describeWithRedis('two nodes on Redis behind nginx', () => {
  nodesAreKilled('redis')
  storeIsKilled('redis')

  test('the primary is killed under load: a replica takes over, and what it confirmed is there', async () => {
    await kill('sentinel-waited', 'store', 1)
  })
})

describeWithPostgres('two nodes on PostgreSQL behind nginx', {}, () => {
  nodesAreKilled('postgres')
  storeIsKilled('postgres')
})
