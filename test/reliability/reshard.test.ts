import { expect, test } from 'bun:test'
import { newChance } from '../../reliability/chance.ts'
import { judge, type Kept } from '../../reliability/ledger.ts'
import { startClients } from '../../reliability/node-load.ts'
import { ENDING, EVENT_NUMBERS, REPORTS, shards } from '../../src/store/redis/keys.ts'
import { slotOf } from '../../src/store/redis/slots.ts'
import { describeWithRedis, until } from '../support/redis.ts'
import { type Move, ownerOf, startCluster } from '../support/redis-cluster.ts'
import { startServer } from '../support/server.ts'

const ALL = [ENDING, REPORTS, EVENT_NUMBERS, ...shards.map(({ ends }) => ends)].map(slotOf)

describeWithRedis('a cluster of Redis under load', () => {
  test('all of whose slots move to a new node loses nothing, and ends no session', async () => {
    // The last node has no slot yet.
    await using cluster = await startCluster([], 4)
    await using server = await startServer({ store: cluster.url, nodes: 2, timePasses: true })
    const known: Kept[] = []
    const seed = Math.floor(Math.random() * 1_000_000)
    const world = { url: server.url, known, chance: newChance(seed) }
    const working = startClients(world, 6, { excused: [503], halts: false })
    await working.allWrite()

    const move = async (slot: number): Promise<Move> => {
      const moving = await cluster.move(slot, 3)
      const keys = (await cluster.nodes[ownerOf(slot)]?.ask(
        'CLUSTER',
        'GETKEYSINSLOT',
        String(slot),
        '99',
      )) as string[]
      const sessions = keys.filter((key) => /^cloakroom:\{..\}:s:/.test(key))
      if (sessions.length > 0) await moving.take(...sessions)
      return moving
    }
    // Sessions first: for a while all of them are where their slots are not.
    const moves = await Promise.all(ALL.map(move))
    await until(async () => {
      const stats = String(await cluster.nodes[3]?.ask('INFO', 'commandstats'))
      return Number(/cmdstat_asking:calls=(\d+)/.exec(stats)?.[1]) > 50
    })
    await Promise.all(moves.map((each) => each.finish()))
    // Every client goes on.
    await working.allWrite()

    await working.stop()
    const judged = await Promise.all(known.map((kept) => judge(server.url, kept)))
    const sum = (what: 'lost' | 'half' | 'revived') => judged.reduce((all, each) => all + each[what], 0)
    expect({ seed, lost: sum('lost'), half: sum('half'), revived: sum('revived') }).toEqual({
      ...{ seed, lost: 0, half: 0, revived: 0 },
    })
    for (const { ask } of cluster.nodes.slice(0, 3)) expect(await ask('DBSIZE')).toBe(0)
  })
})
