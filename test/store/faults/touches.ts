import {
  handleOf,
  type ReadSession,
  type Store,
  type StoredSession,
  type Use,
} from '../../../src/store/store.ts'
import { ALL, type Fault } from './fault.ts'

export const touchFaults: Record<string, Fault> = {
  'touch does nothing': () => ({ touchSessions: async () => {} }),
  'touch counts as a write': (good) => ({
    async touchSessions(uses, now) {
      await good.touchSessions(uses, now)
      const { items } = await good.listSessions({}, null, ALL, now)
      for (const { id } of items) {
        if (!uses.some((use) => use.id === id)) continue
        await good.removeAttributes(id, [], { now, version: null })
      }
    },
  }),
  'touch shortens': (good) =>
    shifting(good, (session, { usedAt, endsAt }) => ({ usedAt: Math.max(usedAt, session.usedAt), endsAt })),
  'touch moves the last use back': (good) =>
    shifting(good, (session, { usedAt, endsAt }) => ({ usedAt, endsAt: Math.max(endsAt, session.endsAt) })),
  'touch goes beyond the latest end': (good) => shifting(good, (_, use) => use),
  'touch moves the end only together with the last use': (good) => ({
    async touchSessions(uses, now) {
      for (const use of uses) {
        const { items } = await good.listSessions({}, null, ALL, now)
        const session = items.find(({ id }) => id === use.id)
        if (session === undefined || use.usedAt < session.usedAt) continue
        await good.touchSessions([use], now)
      }
    },
  }),
  'touch revives in the millisecond of the end': (good) => ({
    touchSessions: (uses, now) => good.touchSessions(uses, now - 1),
  }),
  'touch comes too late in the last millisecond': (good) => ({
    touchSessions: (uses, now) => good.touchSessions(uses, now + 1),
  }),
  'touch of several does only the first': (good) => ({
    touchSessions: (uses, now) => good.touchSessions(uses.slice(0, 1), now),
  }),
  'touch stops at the first that is absent': (good) => ({
    async touchSessions(uses, now) {
      const { items } = await good.listSessions({}, null, ALL, now)
      const absent = uses.findIndex((use) => !items.some(({ id }) => id === use.id))
      await good.touchSessions(absent === -1 ? uses : uses.slice(0, absent), now)
    },
  }),
  'touch goes by what the id begins with': (good) => ({
    async touchSessions(uses, now) {
      const { items } = await good.listSessions({}, null, ALL, now)
      const meant = uses.flatMap((use) =>
        items.filter(({ id }) => id.startsWith(use.id)).map(({ id }) => ({ ...use, id })),
      )
      await good.touchSessions(meant, now)
    },
  }),
  'touch revives what was ended': (good) => {
    const ended = new Map<string, ReadSession | null>()
    const revived = new Map<string, ReadSession | null>()
    return {
      async endSession(handle, uname, reason, now) {
        const { items } = await good.listSessions({}, null, ALL, now)
        const id = items.find((session) => handleOf(session.id) === handle)?.id ?? ''
        const session = await good.readSession(id, 'all', now)
        const did = await good.endSession(handle, uname, reason, now)
        if (did) ended.set(handle, session)
        return did
      },
      async touchSessions(uses, now) {
        for (const handle of uses.map(({ id }) => handleOf(id)))
          if (ended.has(handle)) revived.set(handle, ended.get(handle) ?? null)
        return good.touchSessions(uses, now)
      },
      readSession: async (id, keys, now) => revived.get(handleOf(id)) ?? good.readSession(id, keys, now),
    }
  },
}

/** Touches what is live, and says of it from then on what `shift` makes of its times and those of the use. */
function shifting(
  good: Store,
  shift: (session: StoredSession, use: Use) => Pick<Use, 'usedAt' | 'endsAt'>,
): Partial<Store> {
  const shifted = new Map<string, Pick<Use, 'usedAt' | 'endsAt'>>()
  return {
    async touchSessions(uses, now) {
      const { items } = await good.listSessions({}, null, ALL, now)
      for (const use of uses) {
        const session = items.find(({ id }) => id === use.id)
        if (session === undefined) continue
        const before = shifted.get(use.id) ?? session
        const { usedAt, endsAt } = shift({ ...session, ...before }, use)
        shifted.set(use.id, { usedAt, endsAt })
      }
    },
    async readSession(id, keys, now) {
      const times = shifted.get(id)
      if (times === undefined) return good.readSession(id, keys, now)
      const session = await good.readSession(id, keys, 0)
      return session !== null && now < times.endsAt ? { ...session, ...times } : null
    },
  }
}
