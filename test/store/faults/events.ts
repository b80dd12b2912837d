import type { EventFilter, Keeping, Page, Store, StoredEvent } from '../../../src/store/store.ts'
import { ALL, type Fault, later } from './fault.ts'

/** A store that appends other events, or keeps other ones. */
const appending =
  (change: (events: readonly StoredEvent[], keeping: Keeping) => Parameters<Store['appendEvents']>): Fault =>
  (good) => ({ appendEvents: (events, keeping) => good.appendEvents(...change(events, keeping)) })

const meaning =
  (change: (filter: EventFilter) => EventFilter): Fault =>
  (good) => ({ listEvents: (filter, ...rest) => good.listEvents(change(filter), ...rest) })

/** A store that shows its pages otherwise. */
const showing =
  (change: (page: Page<StoredEvent>, after: string | null) => Page<StoredEvent>): Fault =>
  (good) => ({
    listEvents: async (filter, after, limit) => change(await good.listEvents(filter, after, limit), after),
  })

const mapped = (change: (event: StoredEvent) => StoredEvent): Fault =>
  showing((page) => ({ ...page, items: page.items.map(change) }))

export const eventFaults: Record<string, Fault> = {
  'append forgets': () => ({ appendEvents: async () => {} }),
  'append takes the first of a batch': appending((events, keeping) => [events.slice(0, 1), keeping]),
  'append turns a batch around': appending((events, keeping) => [events.toReversed(), keeping]),
  'append keeps one more than the most': appending((events, { most, since }) => [
    events,
    { most: most + 1, since },
  ]),
  'append keeps one fewer than the most': appending((events, { most, since }) => [
    events,
    { most: most - 1, since },
  ]),
  'append keeps what is too old': appending((events, { most }) => [events, { most, since: 0 }]),
  'append forgets what is just not too old': appending((events, { most, since }) => [
    events,
    { most, since: since + 1 },
  ]),
  'append forgets what is older than the newest': appending((events, { most }) => [
    events,
    { most, since: Math.max(...events.map(({ at }) => at)) },
  ]),
  'append counts all kinds as one': (good) => ({
    async appendEvents(events, keeping) {
      const before = (await good.listEvents({ since: 0 }, null, ALL)).items.toReversed()
      await good.appendEvents([], { most: 0, since: Number.MAX_SAFE_INTEGER })
      const kept = [...before, ...events].filter(({ at }) => at >= keeping.since).slice(-keeping.most)
      await good.appendEvents(kept, { most: ALL, since: 0 })
    },
  }),
  'append counts all sources of a kind as one': (good) => ({
    async appendEvents(events, keeping) {
      await good.appendEvents(events, { ...keeping, most: ALL })
      for (const kind of new Set(events.map((event) => event.kind))) {
        const { items } = await good.listEvents({ kind, since: 0 }, null, ALL)
        if (items.length <= keeping.most) continue
        const all = (await good.listEvents({ since: 0 }, null, ALL)).items.toReversed()
        const gone = new Set(items.slice(keeping.most))
        const kept = all.filter(
          (event) => ![...gone].some((each) => each.text === event.text && each.at === event.at),
        )
        await good.appendEvents([], { most: 0, since: Number.MAX_SAFE_INTEGER })
        await good.appendEvents(kept, { most: ALL, since: 0 })
      }
    },
  }),
  'events lose their source': mapped(({ source: _, ...event }) => event),
  'append keeps the oldest': (good) => ({
    async appendEvents(events, keeping) {
      const kinds = Map.groupBy(events, ({ kind }) => kind)
      for (const [kind, some] of kinds) {
        const { items } = await good.listEvents({ kind, since: 0 }, null, ALL)
        await good.appendEvents(some.slice(0, Math.max(0, keeping.most - items.length)), {
          ...keeping,
          most: ALL,
        })
      }
    },
  }),
  'append loses what another appends meanwhile': (good) => ({
    async appendEvents(events, keeping) {
      const all = (await good.listEvents({ since: 0 }, null, ALL)).items.toReversed()
      await later()
      await good.appendEvents([], { most: 0, since: Number.MAX_SAFE_INTEGER })
      await good.appendEvents(all, { most: ALL, since: 0 })
      await good.appendEvents(events, keeping)
    },
  }),
  'append is for this node alone': () => {
    let own: readonly StoredEvent[] = []
    return {
      async appendEvents(events, { most, since }) {
        const kinds = new Map<string, number>()
        own = [...events.toReversed(), ...own].filter(({ kind, at }) => {
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
          return (kinds.get(kind) ?? 0) <= most && at >= since
        })
      },
      async listEvents({ kind, uname, since }, after, limit) {
        const from = Number(after ?? 0)
        const meant = own.filter(
          (each) =>
            each.at >= since && (kind ?? each.kind) === each.kind && (uname ?? each.uname) === each.uname,
        )
        const items = meant.slice(from, from + limit)
        return { items, next: meant.length > from + limit ? String(from + limit) : null }
      },
    }
  },
  'events are never listed': () => ({ listEvents: async () => ({ items: [], next: null }) }),
  'events are listed by their instants': showing((page) => ({
    ...page,
    items: page.items.toSorted((a, b) => b.at - a.at),
  })),
  'events are listed from the first on': showing((page) => ({ ...page, items: page.items.toReversed() })),
  'events are found whatever their kind': meaning(({ kind: _, ...filter }) => filter),
  'events are found whatever their user': meaning(({ uname: _, ...filter }) => filter),
  'events of a kind are those of every user': meaning(({ uname, ...filter }) =>
    filter.kind === undefined ? { uname, ...filter } : filter,
  ),
  'events are found whatever their age': meaning((filter) => ({ ...filter, since: 0 })),
  'events of the instant asked for are left out': meaning((filter) => ({
    ...filter,
    since: filter.since + 1,
  })),
  'events of nobody have a user': mapped((event) => ({ ...event, uname: event.uname ?? '' })),
  'events of a user without a name have none': mapped((event) => ({ ...event, uname: event.uname || null })),
  'events lose blanks': mapped((event) => ({ ...event, text: event.text.trim() })),
  'events are cut': mapped((event) => ({ ...event, text: event.text.slice(0, 1_000) })),
  'events are of the millisecond before': mapped((event) => ({ ...event, at: event.at - 1 })),
  'pages of events have one too many': (good) => ({
    listEvents: (filter, after, limit) => good.listEvents(filter, after, limit + 1),
  }),
  'pages of events are the first for ever': (good) => ({
    listEvents: (filter, _, limit) => good.listEvents(filter, null, limit),
  }),
  'pages of events have no next': showing((page) => ({ ...page, next: null })),
  'pages of events always have a next': showing((page, after) => ({
    ...page,
    next: page.next ?? after ?? '0',
  })),
  'pages of events leave one out': showing((page, after) =>
    after === null ? page : { ...page, items: page.items.slice(1) },
  ),
  'pages of events are counted off': (good) => ({
    async listEvents(filter, after, limit) {
      const all = (await good.listEvents(filter, null, ALL)).items
      const from = Number(after ?? 0)
      return {
        items: all.slice(from, from + limit),
        next: all.length > from + limit ? String(from + limit) : null,
      }
    },
  }),
  'events end at an empty page': showing((page) =>
    page.items.length === 0 ? { ...page, next: null } : page,
  ),
  'events are looked for among the newest alone': (good) => ({
    async listEvents(filter, after, limit) {
      const { items } = await good.listEvents({ since: 0 }, null, 1_000)
      if (items.length === 1_000) return { items: [], next: null }
      return good.listEvents(filter, after, limit)
    },
  }),
}
