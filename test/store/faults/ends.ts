import { handleOf } from '../../../src/store/store.ts'
import { ALL, type Fault, firstWhere } from './fault.ts'

export const endFaults: Record<string, Fault> = {
  'end does nothing': () => ({ endSession: async () => true }),
  'end says that there was none': (good) => ({
    async endSession(handle, uname, reason, now) {
      await good.endSession(handle, uname, reason, now)
      return false
    },
  }),
  'end succeeds in the millisecond of the end': (good) => ({
    endSession: (handle, uname, reason, now) => good.endSession(handle, uname, reason, now - 1),
  }),
  'end comes too late in the last millisecond': (good) => ({
    endSession: (handle, uname, reason, now) => good.endSession(handle, uname, reason, now + 1),
  }),
  'end marks the session by the clock, and an earlier clock revives it': (good) => {
    const endedAt = new Map<string, number>()
    return {
      async endSession(handle, uname, _, now) {
        const found = await firstWhere(good, ({ id }) => handleOf(id) === handle)
        if (found === null || now >= (endedAt.get(handle) ?? found.endsAt)) return false
        if (uname !== null && uname !== found.uname) return false
        endedAt.set(handle, now)
        return true
      },
      readSession: async (id, keys, now) =>
        now >= (endedAt.get(handleOf(id)) ?? Infinity) ? null : good.readSession(id, keys, now),
    }
  },
  'end leaves what a put can write to': (good) => {
    const ended = new Set<string>()
    return {
      async endSession(handle, uname, reason, now) {
        if (ended.has(handle) || (await firstWhere(good, ({ id }) => handleOf(id) === handle)) === null)
          return false
        const outcome = await good.endSession(handle, uname, reason, now)
        if (outcome) ended.add(handle)
        return outcome
      },
      async putAttributes(id, attributes, bounds, condition) {
        const outcome = await good.putAttributes(id, attributes, bounds, condition)
        if (outcome !== 'absent' || !ended.has(handleOf(id))) return outcome
        return { version: 2, endsAt: condition.now, latestEndsAt: condition.now }
      },
    }
  },
  'end frees the id at once': (good) => ({
    async endSession(handle, uname, reason, now) {
      const ended = await good.endSession(handle, uname, reason, now)
      if (ended) await good.sweepSessions(now, 100)
      return ended
    },
  }),
  'end keeps the attributes for the next session of the id': (good) => {
    const left = new Map<string, ReadonlyMap<string, string>>()
    return {
      async endSession(handle, uname, reason, now) {
        const found = await firstWhere(good, ({ id }) => handleOf(id) === handle)
        const session = found && (await good.readSession(found.id, 'all', now))
        if (session) left.set(session.id, session.attributes)
        return good.endSession(handle, uname, reason, now)
      },
      async readSession(id, keys, now) {
        const session = await good.readSession(id, keys, now)
        const attributes = new Map([...(left.get(id) ?? []), ...(session?.attributes ?? [])])
        return session && { ...session, attributes }
      },
    }
  },
  'end goes by what the handle begins with': (good) => ({
    async endSession(handle, uname, reason, now) {
      const found = await firstWhere(good, ({ id }) => id.startsWith(handle))
      return good.endSession(found === null ? handle : handleOf(found.id), uname, reason, now)
    },
  }),
  'end takes the id for a handle': (good) => ({
    endSession: (handle, uname, reason, now) => good.endSession(handleOf(handle), uname, reason, now),
  }),
  'end ignores whose session it is': (good) => ({
    endSession: (handle, _, reason, now) => good.endSession(handle, null, reason, now),
  }),
  'end ends all sessions of the user': (good) => ({
    async endSession(handle, uname, reason, now) {
      const found = await firstWhere(good, ({ id }) => handleOf(id) === handle)
      const ended = await good.endSession(handle, uname, reason, now)
      if (!ended || found === null) return ended
      for (const { id } of (await good.listSessions({ uname: found.uname }, null, 100, now)).items) {
        await good.endSession(handleOf(id), uname, reason, now)
      }
      return true
    },
  }),
  'end looks whether there is one, and then ends it': (good) => ({
    async endSession(handle, uname, reason, now) {
      const found = await firstWhere(good, ({ id, endsAt }) => handleOf(id) === handle && now < endsAt)
      await Promise.resolve()
      if (found === null || (uname !== null && uname !== found.uname)) return false
      await good.endSession(handle, uname, reason, now)
      return true
    },
  }),
  'ending all spares those that began long ago': (good) => ({
    async endSessions(limit, now) {
      const { items } = await good.listSessions({}, null, limit, now)
      const recent = items.filter(({ beganAt }) => beganAt >= now)
      for (const { id } of recent) await good.endSession(handleOf(id), null, 'revoked', now)
      return recent.length
    },
  }),
  'ending all knows no limit': (good) => ({ endSessions: (_, now) => good.endSessions(ALL, now) }),
  'ending all counts those that have ended': (good) => ({
    async endSessions(limit, now) {
      const { items } = await good.listSessions({}, null, ALL, 0)
      const oldest = items.toReversed().slice(0, limit)
      for (const { id } of oldest) await good.endSession(handleOf(id), null, 'revoked', now)
      return oldest.length
    },
  }),
  'ending all ends logins for ever': (good) => {
    let isClosed = false
    return {
      async endSessions(limit, now) {
        isClosed = true
        return good.endSessions(limit, now)
      },
      insertSession: async (session) => (isClosed ? 'id_taken' : good.insertSession(session)),
    }
  },
  'ending all frees the ids': (good) => ({
    async endSessions(limit, now) {
      const ended = await good.endSessions(limit, now)
      await good.sweepSessions(now, ALL)
      return ended
    },
  }),
}
