import type { Fault } from './fault.ts'

export const insertFaults: Record<string, Fault> = {
  'insert does nothing': () => ({ insertSession: async () => 'inserted' }),
  'insert swaps address and user agent': (good) => ({
    insertSession: (session) =>
      good.insertSession({ ...session, address: session.userAgent, userAgent: session.address }),
  }),
  'insert forgets the end': (good) => ({
    insertSession: (session) => good.insertSession({ ...session, endsAt: session.latestEndsAt }),
  }),
  'insert says that it overwrote a taken id': (good) => ({
    async insertSession(session) {
      const outcome = await good.insertSession(session)
      return outcome === 'id_taken' ? 'inserted' : outcome
    },
  }),
  'insert overwrites a live session': (good) => ({
    async insertSession(session) {
      const old = await good.readSession(session.id, 'all', session.beganAt)
      if (old === null) return good.insertSession(session)
      await good.removeAttributes(session.id, 'all', { now: session.beganAt, version: null })
      return 'id_taken'
    },
  }),
  'insert frees the ids of sessions whose time ran out': (good) => ({
    async insertSession(session) {
      await good.sweepSessions(session.beganAt, 100)
      return good.insertSession(session)
    },
  }),
  'insert looks whether the id is taken, and then inserts': (good) => {
    const taken = new Set<string>()
    return {
      async insertSession(session) {
        const wasTaken = taken.has(session.id)
        await Promise.resolve()
        const outcome = await good.insertSession(session)
        if (outcome === 'inserted') taken.add(session.id)
        return outcome === 'id_taken' && !wasTaken ? 'inserted' : outcome
      },
    }
  },
  'insert ignores that there is no user': (good) => ({
    async insertSession(session) {
      if ((await good.readUser(session.uname)) !== null) return good.insertSession(session)
      await good.insertUser(userOf(session.uname, session.generation))
      return good.insertSession(session)
    },
  }),
  'insert ignores that the user is disabled': (good) => ({
    async insertSession(session) {
      const user = await good.readUser(session.uname)
      if (user?.disabled !== true) return good.insertSession(session)
      const rule = { now: 0, keeper: '', generation: null }
      await good.updateUser(user.uname, { disabled: false }, null, rule)
      const outcome = await good.insertSession(session)
      await good.updateUser(user.uname, { disabled: true }, null, rule)
      return outcome
    },
  }),
  'insert ignores the generation': (good) => ({
    async insertSession(session) {
      const user = await good.readUser(session.uname)
      return good.insertSession({ ...session, generation: user?.generation ?? 0 })
    },
  }),
  'insert lets an earlier generation pass': (good) => ({
    async insertSession(session) {
      const user = await good.readUser(session.uname)
      const generation = Math.max(session.generation, user?.generation ?? 0)
      return good.insertSession({ ...session, generation })
    },
  }),
  'insert reads the user, and then inserts': (good) => ({
    async insertSession(session) {
      const user = await good.readUser(session.uname)
      if (user === null || user.disabled || user.generation !== session.generation) return 'user_changed'
      await new Promise((resolve) => setImmediate(resolve))
      if ((await good.readUser(session.uname)) === null) {
        await good.insertUser(userOf(session.uname, session.generation))
      }
      const later = await good.readUser(session.uname)
      return good.insertSession({ ...session, generation: later?.generation ?? 0 })
    },
  }),
  'insert keeps the id of a login that was refused': (good) => {
    const refused = new Set<string>()
    return {
      async insertSession(session) {
        if (refused.has(session.id)) return 'id_taken'
        const outcome = await good.insertSession(session)
        if (outcome === 'user_changed') refused.add(session.id)
        return outcome
      },
    }
  },
}

const userOf = (uname: string, generation: number) => ({
  uname,
  fullname: '',
  email: '',
  passwordHash: '',
  roles: [],
  disabled: false,
  generation,
})
