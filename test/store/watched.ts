import { expect } from 'bun:test'
import { isDeepStrictEqual } from 'node:util'
import type { Change, EndReason, Store } from '../../src/store/store.ts'

/** Milliseconds after which a change that was not told is taken for lost. */
const SOON = 30_000

/** Keys have no order, and a change may be told more than once. */
export function tidy(changes: readonly Change[]): readonly Change[] {
  const sorted = changes.map((change) =>
    'keys' in change && change.keys !== 'all' ? { ...change, keys: change.keys.toSorted() } : change,
  )
  return sorted.filter((change, i) => !isDeepStrictEqual(change, sorted[i - 1]))
}

/** The changes that were told behind a gap in the versions from `known` on, without a `missed` in front of them. */
export function untoldGapsIn(changes: readonly Change[], known: number): readonly Change[] {
  let isUnsure = false
  return changes.filter((change) => {
    if (change.kind === 'missed') isUnsure = true
    if (!('version' in change) || change.version <= known) return false
    const isGap = change.version > known + 1 && !isUnsure
    known = change.version
    isUnsure = false
    return isGap
  })
}

/** Watches a session, and keeps what it is told. */
export async function watch(store: Store, id: string) {
  const changes: Change[] = []
  let heard = () => {}
  const watch = await store.watchSession(id, (change) => {
    changes.push(change)
    heard()
  })
  const until = (isEnough: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`Told was only ${JSON.stringify(changes).slice(0, 500)}`)),
        SOON,
      )
      heard = () => {
        if (!isEnough()) return
        clearTimeout(timer)
        resolve()
      }
      heard()
    })
  return {
    changes,
    close: () => watch.close(),
    until,
    /** Fails unless exactly this is told. */
    async expectTold(those: readonly Change[]) {
      const expected = tidy(those)
      const last = expected.at(-1)
      await until(() => tidy(changes).some((change) => isDeepStrictEqual(change, last)))
      expect(tidy(changes)).toEqual(expected)
    },
    /** Fails unless each of this is told, or at least that something was missed, and nothing else. */
    async expectKnown(those: readonly Change[]) {
      const expected = tidy(those)
      const last = expected.at(-1)
      await until(() => changes.at(-1)?.kind === 'missed' || isDeepStrictEqual(tidy(changes).at(-1), last))
      let at = 0
      for (const change of tidy(changes)) {
        if (change.kind === 'missed') continue
        at = expected.findIndex((one, i) => i >= at && isDeepStrictEqual(one, change)) + 1
        expect({ change, isExpectedThere: at > 0 }).toEqual({ change, isExpectedThere: true })
      }
      if (!changes.some(({ kind }) => kind === 'missed')) expect(tidy(changes)).toEqual(expected)
    },
  }
}

export const wrote = (version: number, ...keys: string[]): Change => ({ kind: 'put', keys, version })
export const removed = (version: number, keys: readonly string[] | 'all'): Change => ({
  kind: 'delete',
  keys,
  version,
})
export const ended = (reason: EndReason): Change => ({ kind: 'end', reason })
