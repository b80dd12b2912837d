import { freePort } from './port.ts'
import { type RedisServer, startRedis, until } from './redis.ts'

/** A slot on its way from one node to another, as `redis-cli --cluster reshard` takes it there. */
export interface Move {
  /** Takes keys along, as far as they exist. */
  take(...keys: readonly string[]): Promise<void>
  /** Takes all that is left along, and says that the slot has arrived. */
  finish(): Promise<void>
}

/** A real cluster of three nodes, each with a third of the slots, and perhaps one more without any. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[]
  readonly url: string
  empty(): Promise<void>
  /** Begins to move a slot from where it was at first; `to` is a place in `nodes`. */
  move(slot: number, to: number): Promise<Move>
}

const RANGES = [
  ['0', '5460'],
  ['5461', '10922'],
  ['10923', '16383'],
] as const

/** The node that has a slot at first, by its place in `nodes`. */
export const ownerOf = (slot: number): number => RANGES.findIndex(([, last]) => slot <= Number(last))

/** `own` makes settings that a node shares with no other. */
export async function startCluster(
  settings: readonly string[] = [],
  count = 3,
  own: () => readonly string[] = () => [],
): Promise<RedisCluster> {
  const nodes = await Promise.all(
    Array.from({ length: count }, () => startNode(() => [...settings, ...own()])),
  )
  for (const [i, node] of nodes.entries()) {
    const range = RANGES[i]
    if (range !== undefined) await node.ask('CLUSTER', 'ADDSLOTSRANGE', ...range)
    for (const other of nodes.slice(0, i)) {
      const bus = await other.ask('CONFIG', 'GET', 'cluster-port')
      await node.ask('CLUSTER', 'MEET', '127.0.0.1', String(other.port), (bus as string[])[1] ?? '')
    }
  }
  const isWhole = async (node: RedisServer) => {
    const info = String(await node.ask('CLUSTER', 'INFO'))
    return /cluster_state:ok/.test(info) && info.includes(`cluster_known_nodes:${count}`)
  }
  await until(async () => (await Promise.all(nodes.map(isWhole))).every((whole) => whole))
  return {
    nodes,
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    async empty() {
      await Promise.all(nodes.map(({ ask }) => ask('FLUSHALL')))
    },
    async move(slot, to) {
      const [source, target] = [nodes[ownerOf(slot)], nodes[to]]
      if (source === undefined || target === undefined) throw new Error('There is no such node.')
      const say = async (node: RedisServer, state: string, other: RedisServer) =>
        node.ask('CLUSTER', 'SETSLOT', String(slot), state, String(await other.ask('CLUSTER', 'MYID')))
      const take = async (...keys: readonly string[]) => {
        const where = ['127.0.0.1', String(target.port), '', '0', '5000']
        await source.ask('MIGRATE', ...where, 'KEYS', ...keys)
      }
      await say(target, 'IMPORTING', source)
      await say(source, 'MIGRATING', target)
      return {
        take,
        async finish() {
          for (;;) {
            const keys = (await source.ask('CLUSTER', 'GETKEYSINSLOT', String(slot), '10')) as string[]
            if (keys.length === 0) break
            await take(...keys)
          }
          const others = nodes.filter((node) => node !== source && node !== target)
          for (const node of [target, source, ...others]) await say(node, 'NODE', target)
        },
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
    },
  }
}

/** Somebody else may be quicker to take a port that was free. */
async function startNode(settings: () => readonly string[]): Promise<RedisServer> {
  for (let attempt = 1; ; attempt++) {
    const bus = String(freePort())
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', bus, '--cluster-node-timeout', '2000']
    try {
      return await startRedis([...cluster, ...settings()])
    } catch (error) {
      if (attempt === 3) throw error
    }
  }
}
