import { afterAll, test } from 'bun:test'
import type { Store } from '../../src/store/store.ts'
import { laws } from './laws.ts'

/**
 * Registers a test per law. `open` is asked for an empty store by each law that needs one, and once for the others, which share it.
 */
export function keepsLaws(name: string, open: () => Promise<Store>): void {
  let shared: Promise<Store> | undefined
  afterAll(async () => (await shared)?.close())
  for (const { says, needs, check } of laws) {
    test(`${name}: ${says}`, async () => {
      if (needs === undefined) {
        shared ??= open()
        return check(await shared)
      }
      const store = await open()
      await check(store)
      if (needs === 'empty') await store.close()
    })
  }
}
