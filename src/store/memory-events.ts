import { isAmong } from './filters.ts'
import { pageIn } from './pages.ts'
import { LOOKED_AT, type Store, type StoredEvent } from './store.ts'

interface Kept {
  /** Counts events, so that a page can go on where the one before it stopped. */
  readonly n: number
  readonly event: StoredEvent
}

/** The part of a store in memory that remembers events. */
export function newMemoryEvents(): Pick<Store, 'appendEvents' | 'listEvents'> {
  /** The newest last. */
  let all: readonly Kept[] = []
  let appended = 0

  return {
    async appendEvents(events, { most, since }) {
      all = [...all, ...events.map((event) => ({ n: ++appended, event }))]
      const kept = new Map<string, number>()
      // From the newest on, so that it is the oldest that are left out.
      all = all
        .toReversed()
        .filter(({ event }) => {
          const count = (kept.get(event.kind) ?? 0) + 1
          kept.set(event.kind, count)
          return count <= most && event.at >= since
        })
        .toReversed()
    },

    async listEvents(filter, after, limit) {
      const behind = all.filter(({ n }) => after === null || n < Number(after)).toReversed()
      const looked = behind.map(({ n, event }) => ({
        item: isAmong(filter, event) ? event : null,
        cursor: String(n),
      }))
      return pageIn(looked, limit, LOOKED_AT)
    },
  }
}
