import { freePort, type RedisServer, startRedis, until } from './redis.ts'

/** A real cluster of three nodes, each with a third of the slots. */
export interface RedisCluster extends AsyncDisposable {
  readonly nodes: readonly RedisServer[]
  readonly url: string
  empty(): Promise<void>
}

const RANGES = [
  ['0', '5460'],
  ['5461', '10922'],
  ['10923', '16383'],
] as const

export async function startCluster(settings: readonly string[] = []): Promise<RedisCluster> {
  const nodes = await Promise.all(
    RANGES.map(async () => {
      const bus = String(await freePort())
      const cluster = ['--cluster-enabled', 'yes', '--cluster-port', bus, '--cluster-node-timeout', '2000']
      return startRedis([...cluster, ...settings])
    }),
  )
  for (const [i, node] of nodes.entries()) {
    await node.ask('CLUSTER', 'ADDSLOTSRANGE', ...(RANGES[i] ?? []))
    for (const other of nodes.slice(0, i)) {
      const bus = await other.ask('CONFIG', 'GET', 'cluster-port')
      await node.ask('CLUSTER', 'MEET', '127.0.0.1', String(other.port), (bus as string[])[1] ?? '')
    }
  }
  const isWhole = async (node: RedisServer) => {
    const info = String(await node.ask('CLUSTER', 'INFO'))
    return /cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info)
  }
  await until(async () => (await Promise.all(nodes.map(isWhole))).every((whole) => whole))
  return {
    nodes,
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    async empty() {
      await Promise.all(nodes.map(({ ask }) => ask('FLUSHALL')))
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()))
    },
  }
}
