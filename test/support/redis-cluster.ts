import { freePort } from './port.ts'
import { type RedisServer, startRedis, until } from './redis.ts'

/** A slot that moves from one node to another, as `redis-cli --cluster reshard` moves it. */
export interface Move {
  /** Moves keys, if they exist. */
  take(...keys: readonly string[]): Promise<void>
  /** Moves the remaining keys and completes the move. */
  finish(): Promise<void>
}

/** A real cluster of three nodes, each with a third of the slots, and optionally one more without slots. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[]
  readonly url: string
  empty(): Promise<void>
  /** Begins to move a slot from its first node; `to` is an index in `nodes`. */
  move(slot: number, to: number): Promise<Move>
}

const RANGES = [
  ['0', '5460'],
  ['5461', '10922'],
  ['10923', '16383'],
] as const

/** Returns the index in `nodes` of the node that has a slot at first. */
export const ownerOf = (slot: number): number => RANGES.findIndex(([, last]) => slot <= Number(last))

/** `own` returns settings for a single node. */
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

/** Another process may take a free port first. */
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
