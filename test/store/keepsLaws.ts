import { afterAll, test } from 'bun:test'
import type { Store } from '../../src/store/store.ts'
import { type Law, laws } from './laws.ts'

/** Two nodes on one back end. Where there can be but one, `other` is the same object. */
export interface Nodes {
  readonly store: Store
  readonly other: Store
  /** Whether `other` is no server, but a command line beside the only one that there can be. */
  readonly isBeside?: boolean
}

/**
 * Registers a test per law. `open` is asked for two nodes of an empty store by each law that needs one, and once for the others, which
 * share it.
 */
export function keepsLaws(name: string, open: () => Promise<Nodes>): void {
  let shared: Promise<Nodes> | undefined
  afterAll(async () => {
    if (shared !== undefined) await close(await shared)
  })
  const ask = ({ check, among }: Law, { store, other, isBeside = false }: Nodes) =>
    check(store, among === 'servers' && isBeside ? store : other)
  for (const law of laws) {
    const { says, needs } = law
    test(`${name}: ${says}`, async () => {
      if (needs === undefined) {
        shared ??= open()
        return ask(law, await shared)
      }
      const nodes = await open()
      await ask(law, nodes)
      if (needs === 'empty') await close(nodes)
      else if (nodes.other !== nodes.store) await nodes.other.close()
    })
  }
}

async function close({ store, other }: Nodes): Promise<void> {
  if (other !== store) await other.close()
  await store.close()
}
