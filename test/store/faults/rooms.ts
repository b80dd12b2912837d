import type { NewSession, Store } from '../../../src/store/store.ts'
import { type Fault, later } from './fault.ts'

/** A login that looks for room in a way of its own. */
const counting =
  (count: (good: Store, session: NewSession) => Promise<number>): Fault =>
  (good) => ({
    async insertSession(session) {
      if ((await count(good, session)) >= session.maxSessions) return 'too_many'
      return good.insertSession({ ...session, maxSessions: 1_000_000 })
    },
  })

export const roomFaults: Record<string, Fault> = {
  'a user may have any number of sessions': counting(async () => 0),
  'a user may have one session more': (good) => ({
    insertSession: (session) => good.insertSession({ ...session, maxSessions: session.maxSessions + 1 }),
  }),
  'a user may have one session less': (good) => ({
    insertSession: (session) => good.insertSession({ ...session, maxSessions: session.maxSessions - 1 }),
  }),
  'room is looked for before the login': counting(async (good, { uname, beganAt }) => {
    const count = await good.countSessions(uname, beganAt)
    await later()
    return count
  }),
  'sessions of all users take room': counting((good, { beganAt }) => good.countSessions(null, beganAt)),
  'sessions take room until they are swept': counting((good, { uname }) => good.countSessions(uname, 0)),
  'sessions take room that have been ended': (good) => {
    const begun = new Map<string, number>()
    return {
      async insertSession(session) {
        const count = begun.get(session.uname) ?? 0
        if (count >= session.maxSessions) return 'too_many'
        const outcome = await good.insertSession(session)
        if (outcome === 'inserted') begun.set(session.uname, count + 1)
        return outcome
      },
    }
  },
  'a use does not keep the room of a session': counting(async (good, { uname, beganAt }) => {
    const { items } = await good.listSessions({ uname }, null, 100, beganAt)
    return items.filter(({ usedAt, beganAt }) => usedAt === beganAt).length
  }),
  'a login for which there is no room takes its id': (good) => {
    const taken = new Set<string>()
    return {
      async insertSession(session) {
        if (taken.has(session.id)) return 'id_taken'
        const outcome = await good.insertSession(session)
        if (outcome === 'too_many') taken.add(session.id)
        return outcome
      },
    }
  },
  'a login for which there is no room begins': (good) => ({
    async insertSession(session) {
      const outcome = await good.insertSession(session)
      if (outcome === 'too_many') await good.insertSession({ ...session, maxSessions: 1_000_000 })
      return outcome
    },
  }),
  'the latest logins are listed as the earliest': (good) => ({
    earliestSessions: async (uname, limit, now) =>
      (await good.listSessions({ uname }, null, limit, now)).items,
  }),
  'all of the earliest logins are listed, whatever the limit': (good) => ({
    earliestSessions: (uname, _, now) => good.earliestSessions(uname, 1_000, now),
  }),
  'the earliest logins are listed though they have ended': (good) => ({
    earliestSessions: (uname, limit) => good.earliestSessions(uname, limit, 0),
  }),
  'the limit of the earliest logins counts those that have ended': (good) => ({
    async earliestSessions(uname, limit, now) {
      const some = await good.earliestSessions(uname, limit, 0)
      return some.filter(({ endsAt }) => now < endsAt)
    },
  }),
}
