import type { SessionFilter, StoredSession } from '../../../src/store/store.ts'
import { ALL, type Fault } from './fault.ts'

/** A store that lists what is meant by another filter. */
const meaning =
  (change: (filter: SessionFilter) => SessionFilter): Fault =>
  (good) => ({
    listSessions: (filter, ...rest) => good.listSessions(change(filter), ...rest),
  })

/** A store that counts those of all its sessions that are meant. */
const counting =
  (isMeant: (session: StoredSession, uname: string | null, now: number) => boolean): Fault =>
  (good) => ({
    async countSessions(uname, now) {
      const { items } = await good.listSessions({}, null, ALL, 0)
      return items.filter((session) => isMeant(session, uname, now)).length
    },
  })

const isOf = (session: StoredSession, uname: string | null) => uname === null || session.uname === uname

export const searchFaults: Record<string, Fault> = {
  'search ignores the address': meaning(({ address: _, ...filter }) => filter),
  'search ignores the handle': meaning(({ handle: _, ...filter }) => filter),
  'search for an address ignores the user': meaning(({ uname, ...filter }) =>
    filter.address === undefined ? { uname, ...filter } : filter,
  ),
  'search for a handle ignores the user': meaning(({ uname, ...filter }) =>
    filter.handle === undefined ? { uname, ...filter } : filter,
  ),
  'search for a handle ignores the address': meaning(({ address, ...filter }) =>
    filter.handle === undefined ? { address, ...filter } : filter,
  ),
  'search takes the beginning of a handle': (good) => ({
    async listSessions(filter, after, limit, now) {
      const { handle = '', ...rest } = filter
      if (handle === '' || handle.length > 22) return good.listSessions(filter, after, limit, now)
      const { items } = await good.listSessions(rest, null, ALL, now)
      return { items: items.filter(({ id }) => id.startsWith(handle)), next: null }
    },
  }),
  'search takes the beginning of an address': (good) => ({
    async listSessions(filter, after, limit, now) {
      const { address, ...rest } = filter
      if (address === undefined) return good.listSessions(filter, after, limit, now)
      const { items } = await good.listSessions(rest, null, ALL, now)
      return { items: items.filter((each) => each.address.startsWith(address)), next: null }
    },
  }),
  'search finds by its handle what has ended': (good) => ({
    listSessions: (filter, after, limit, now) =>
      good.listSessions(filter, after, limit, filter.handle === undefined ? now : 0),
  }),
  'search looks at everything until the page is full': (good) => ({
    async listSessions(filter, after, limit, now) {
      const items: StoredSession[] = []
      let next = after
      do {
        const page = await good.listSessions(filter, next, limit - items.length, now)
        items.push(...page.items)
        next = page.next
      } while (next !== null && items.length < limit)
      return { items, next }
    },
  }),
  'search ends at an empty page': (good) => ({
    async listSessions(filter, after, limit, now) {
      const page = await good.listSessions(filter, after, limit, now)
      return page.items.length === 0 ? { ...page, next: null } : page
    },
  }),
  'count is always 0': () => ({ countSessions: async () => 0 }),
  'count of a user is that of all': (good) => ({ countSessions: (_, now) => good.countSessions(null, now) }),
  'count of all is that of nobody': (good) => ({
    countSessions: (uname, now) => good.countSessions(uname ?? '', now),
  }),
  'count of nobody is that of all': (good) => ({
    countSessions: (uname, now) => good.countSessions(uname || null, now),
  }),
  'count has what has ended and was not swept': counting((session, uname) => isOf(session, uname)),
  'count has what ends in this millisecond': counting(
    (session, uname, now) => now <= session.endsAt && isOf(session, uname),
  ),
  'count has not what ends in the next millisecond': counting(
    (session, uname, now) => now + 1 < session.endsAt && isOf(session, uname),
  ),
  'count of all goes by the ends as they were at the login': counting(
    (session, uname, now) =>
      isOf(session, uname) && now < (uname === null ? session.beganAt + 30 * 60_000 : session.endsAt),
  ),
  'count has for a user what the user did not get': (good) => {
    const refused = new Map<string, number>()
    return {
      async insertSession(session) {
        const outcome = await good.insertSession(session)
        if (outcome === 'id_taken') refused.set(session.uname, (refused.get(session.uname) ?? 0) + 1)
        return outcome
      },
      async countSessions(uname, now) {
        return (await good.countSessions(uname, now)) + (refused.get(uname ?? '') ?? 0)
      },
    }
  },
}
