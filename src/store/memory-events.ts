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
      /** How many are kept of each group that came now. */
      const kept = new Map(events.map((event) => [groupOf(event), 0]))
      // From the newest on, so that it is the oldest that are left out.
      all = all
        .toReversed()
        .filter(({ event }) => {
          const group = groupOf(event)
          const count = kept.get(group)
          if (count !== undefined) kept.set(group, count + 1)
          return (count === undefined || count < most) && event.at >= since
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

const groupOf = ({ kind, source = '' }: StoredEvent) => `${kind} ${source}`
