import type { Page } from '../../../src/store/store.ts'
import { ALL, type Fault } from './fault.ts'

const changed = <T>(page: Page<T>, items: readonly T[]): Page<T> => ({ ...page, items })

export const listFaults: Record<string, Fault> = {
  'list is always empty': () => ({ listSessions: async () => ({ items: [], next: null }) }),
  'list holds a session in the millisecond of its end': (good) => ({
    listSessions: (filter, after, limit, now) => good.listSessions(filter, after, limit, now - 1),
  }),
  'list holds a session no more in its last millisecond': (good) => ({
    listSessions: (filter, after, limit, now) => good.listSessions(filter, after, limit, now + 1),
  }),
  'list of a user holds everybody’s': (good) => ({
    listSessions: ({ uname: _, ...filter }, after, limit, now) =>
      good.listSessions(filter, after, limit, now),
  }),
  'list of all is empty': (good) => ({
    listSessions: (filter, after, limit, now) =>
      good.listSessions({ ...filter, uname: filter.uname ?? '' }, after, limit, now),
  }),
  'list of nobody is the list of all': (good) => ({
    listSessions: (filter, after, limit, now) =>
      good.listSessions({ ...filter, uname: filter.uname || undefined }, after, limit, now),
  }),
  'list has the earliest login first': (good) => ({
    async listSessions(filter, after, limit, now) {
      const page = await good.listSessions(filter, after, limit, now)
      return changed(page, page.items.toReversed())
    },
  }),
  'list forgets the last use': (good) => ({
    async listSessions(filter, after, limit, now) {
      const page = await good.listSessions(filter, after, limit, now)
      return changed(
        page,
        page.items.map((session) => ({ ...session, usedAt: session.beganAt })),
      )
    },
  }),
  'list shows the attributes': (good) => ({
    async listSessions(filter, after, limit, now) {
      const page = await good.listSessions(filter, after, limit, now)
      const read = await Promise.all(page.items.map(({ id }) => good.readSession(id, 'all', now)))
      return changed(
        page,
        page.items.map((session, i) => ({ ...session, ...read[i] })),
      )
    },
  }),
  'pages repeat the last session of the one before': (good) => ({
    async listSessions(filter, after, limit, now) {
      const all = (await good.listSessions(filter, null, ALL, now)).items
      const from =
        after === null
          ? 0
          : Math.max(
              0,
              all.findIndex(({ id }) => id === after),
            )
      const items = all.slice(from, from + limit)
      return { items, next: from + limit < all.length && limit > 1 ? (items.at(-1)?.id ?? null) : null }
    },
  }),
  'pages begin anew when the last session of the one before has ended': (good) => ({
    async listSessions(filter, after, limit, now) {
      const all = (await good.listSessions(filter, null, ALL, now)).items
      const from = all.findIndex(({ id }) => id === after) + 1
      const items = all.slice(from, from + limit)
      return { items, next: from + limit < all.length ? (items.at(-1)?.id ?? null) : null }
    },
  }),
  'pages are counted off': (good) => ({
    async listSessions(filter, after, limit, now) {
      const all = (await good.listSessions(filter, null, ALL, now)).items
      const from = Number(after ?? 0)
      return {
        items: all.slice(from, from + limit),
        next: from + limit < all.length ? `${from + limit}` : null,
      }
    },
  }),
  'pages go on by the time of login': (good) => ({
    async listSessions(filter, after, limit, now) {
      const all = (await good.listSessions(filter, null, ALL, now)).items
      const rest = all.filter(({ beganAt }) => after === null || beganAt < Number(after))
      const items = rest.slice(0, limit)
      return { items, next: rest.length > limit ? `${items.at(-1)?.beganAt}` : null }
    },
  }),
  'pages leave one out': (good) => ({
    async listSessions(filter, after, limit, now) {
      const page = await good.listSessions(filter, after, limit, now)
      return after === null ? page : changed(page, page.items.slice(1))
    },
  }),
  'pages are larger than asked for': (good) => ({
    listSessions: (filter, after, limit, now) => good.listSessions(filter, after, limit + 1, now),
  }),
  'a full page promises a next one': (good) => ({
    async listSessions(filter, after, limit, now) {
      const page = await good.listSessions(filter, after, limit, now)
      return page.items.length === limit ? { ...page, next: page.next ?? '0' } : page
    },
  }),
  'there is never a next page': (good) => ({
    async listSessions(filter, after, limit, now) {
      return { ...(await good.listSessions(filter, after, limit, now)), next: null }
    },
  }),
  'pages are filled before those that have ended are left out': (good) => ({
    async listSessions(filter, after, limit, now) {
      const page = await good.listSessions(filter, after, limit, 0)
      return changed(
        page,
        page.items.filter(({ endsAt }) => now < endsAt),
      )
    },
  }),
}

export const sweepFaults: Record<string, Fault> = {
  'sweep does nothing': () => ({ sweepSessions: async () => 0 }),
  'sweep leaves those that ended in the given millisecond': (good) => ({
    sweepSessions: (endedBefore, limit) => good.sweepSessions(endedBefore - 1, limit),
  }),
  'sweep takes those that end in the next millisecond': (good) => ({
    sweepSessions: (endedBefore, limit) => good.sweepSessions(endedBefore + 1, limit),
  }),
  'sweep knows no limit': (good) => ({
    sweepSessions: (endedBefore) => good.sweepSessions(endedBefore, ALL),
  }),
  'sweep says always that it reached its limit': (good) => ({
    async sweepSessions(endedBefore, limit) {
      await good.sweepSessions(endedBefore, limit)
      return limit
    },
  }),
  'sweep deletes the attributes of live sessions': (good) => ({
    async sweepSessions(endedBefore, limit) {
      const { items } = await good.listSessions({}, null, ALL, endedBefore)
      for (const { id } of items) await good.removeAttributes(id, 'all', { now: endedBefore, version: null })
      return good.sweepSessions(endedBefore, limit)
    },
  }),
  'sweep deletes live sessions': (good) => ({
    async sweepSessions(endedBefore, limit) {
      const swept = await good.sweepSessions(endedBefore, limit)
      await good.endSessions(limit, endedBefore)
      return swept
    },
  }),
}
