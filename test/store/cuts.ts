import { expect } from 'bun:test'
import type { Store } from '../../src/store/store.ts'
import type { startProxy } from '../support/proxy.ts'
import { givenSessionOf, givenUser, put } from './given.ts'
import { untoldGapsIn, watch } from './watched.ts'

const SESSIONS = 6

interface Nodes {
  /** Watches, through the proxy. */
  readonly store: Store
  /** Writes, past it. */
  readonly beside: Store
  readonly proxy: ReturnType<typeof startProxy>
}

/**
 * Cuts the connections of a store that watches sessions, again and again, while another node writes them all the time. Fails if a change is
 * told that came later than the next one, without a `missed` before it, or if one who watches learns nothing of the last write.
 */
export async function expectMissedInFront({ store, beside, proxy }: Nodes, cuts: number): Promise<void> {
  const user = await givenUser(beside)
  const ids: string[] = []
  for (let i = 0; i < SESSIONS; i++) ids.push((await givenSessionOf(beside, user)).id)
  // Two who watch each: of whom the second is told as the first is.
  const watching = await Promise.all([...ids, ...ids].map((id) => watch(store, id)))
  let isOver = false
  const writing = ids.map(async (id) => {
    for (let n = 0; !isOver; n++) expect(await put(beside, id, [['n', String(n)]])).toHaveProperty('version')
  })
  for (let cut = 0; cut < cuts; cut++) {
    const before = watching.map(({ changes }) => changes.length)
    proxy.cut()
    // Each has learned of the cut, and is told again.
    await Promise.all(
      watching.map(({ changes, until }, i) =>
        until(() => {
          const since = changes.slice(before[i])
          const missed = since.findIndex(({ kind }) => kind === 'missed')
          return missed !== -1 && since.slice(missed).some(({ kind }) => kind === 'put')
        }),
      ),
    )
  }
  isOver = true
  await Promise.all(writing)
  for (const { changes, close } of watching) {
    expect(untoldGapsIn(changes, 1)).toEqual([])
    close()
  }
}
