import { ANSWERED_BY, startNginx } from '../test/support/nginx.ts'
import type { Chance } from './chance.ts'
import type { Kept } from './ledger.ts'
import { type Observed, startObserved } from './server.ts'
import type { Shared } from './shared.ts'
import { ask } from './wire.ts'

/** Milliseconds after which a node that does not answer again counts as lost. */
const MAX_WAIT_MS = 30_000

/** Nodes, each a process, that share a store behind nginx, and what their clients were told. */
export interface NodeWorld extends AsyncDisposable {
  readonly url: string
  readonly chance: Chance
  readonly shared: Shared
  readonly count: number
  /** Kills a node with SIGKILL. */
  kill(node: number): Promise<void>
  /** Starts it again at the same place. */
  start(node: number): Promise<void>
  /** Resolves when nginx uses a node and the node has its store. */
  asked(node: number): Promise<void>
  /** Sessions about which something is known. */
  known: Kept[]
}

/** Opens nodes with these lines of TOML and the store. Disposal kills the nodes and stops the rest. */
export async function openNodeWorld(shared: Shared, chance: Chance, settings: string): Promise<NodeWorld> {
  const toml = `store = "${shared.url}"\n${settings}`
  const nodes: Observed[] = [await startObserved({ toml }), await startObserved({ toml })]
  const ports = nodes.map(({ port }) => port)
  const nginx = await startNginx(ports)
  const url = `http://127.0.0.1:${nginx.port}`
  return {
    url,
    chance,
    shared,
    count: nodes.length,
    known: [],
    kill: async (node) => nodes[node]?.[Symbol.asyncDispose](),
    async start(node) {
      nodes[node] = await startObserved({ toml, port: ports[node] ?? 0 })
    },
    async asked(node) {
      const startedAt = performance.now()
      for (;;) {
        const answer = await ask(url, '/readyz', '')
        const isItself = answer.headers.get(ANSWERED_BY) === `127.0.0.1:${ports[node]}`
        if (isItself && answer.status === 200) return
        if (performance.now() - startedAt > MAX_WAIT_MS) throw new Error('A node does not answer again.')
        await Bun.sleep(20)
      }
    },
    async [Symbol.asyncDispose]() {
      await nginx[Symbol.asyncDispose]()
      for (const node of nodes) await node[Symbol.asyncDispose]()
    },
  }
}
