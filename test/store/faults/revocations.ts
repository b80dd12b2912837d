import { handleOf } from '../../../src/store/store.ts'
import { ALL, type Fault, later } from './fault.ts'

export const revocationFaults: Record<string, Fault> = {
  'a revocation ends nothing': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      if (revocation === null) return good.updateUser(uname, change, null, rule)
      const outcome = await good.updateUser(uname, change, null, rule)
      return typeof outcome === 'string' ? outcome : { ended: 0 }
    },
  }),
  'a revocation leaves the generation': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      const user = await good.readUser(uname)
      const kept = revocation && { ...revocation, generation: user?.generation ?? 0 }
      return good.updateUser(uname, change, kept, rule)
    },
  }),
  'a revocation changes the generation and no session': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      if (revocation === null) return good.updateUser(uname, change, null, rule)
      const { items } = await good.listSessions({ uname }, null, ALL, rule.now)
      const outcome = await good.updateUser(uname, change, revocation, {
        ...rule,
        now: Number.MAX_SAFE_INTEGER,
      })
      return typeof outcome === 'string' ? outcome : { ended: items.length }
    },
  }),
  'a revocation spares the latest session': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      if (revocation === null || revocation.except !== null) {
        return good.updateUser(uname, change, revocation, rule)
      }
      const [latest] = (await good.listSessions({ uname }, null, 1, rule.now)).items
      const except = latest === undefined ? null : handleOf(latest.id)
      return good.updateUser(uname, change, { ...revocation, except }, rule)
    },
  }),
  'a revocation excepts nothing': (good) => ({
    updateUser: (uname, change, revocation, rule) =>
      good.updateUser(uname, change, revocation && { ...revocation, except: null }, rule),
  }),
  'a revocation ends what it was to spare if another login wanted its id': (good) => {
    const wanted = new Set<string | null>()
    return {
      async insertSession(session) {
        const outcome = await good.insertSession(session)
        if (outcome === 'id_taken') wanted.add(handleOf(session.id))
        return outcome
      },
      updateUser: (uname, change, revocation, rule) =>
        good.updateUser(
          uname,
          change,
          revocation && wanted.has(revocation.except) ? { ...revocation, except: null } : revocation,
          rule,
        ),
    }
  },
  'a revocation ignores that the session to stay has ended': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      const outcome = await good.updateUser(uname, change, revocation, rule)
      if (outcome !== 'changed' || revocation === null || rule.generation !== null) return outcome
      return good.updateUser(uname, change, { ...revocation, except: null }, rule)
    },
  }),
  'a revocation ends the sessions of everybody': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      const outcome = await good.updateUser(uname, change, revocation, rule)
      if (typeof outcome !== 'string' && revocation !== null) await good.endSessions(ALL, rule.now)
      return outcome
    },
  }),
  'a revocation counts what had ended': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      const { items } = await good.listSessions({ uname }, null, ALL, 0)
      const outcome = await good.updateUser(uname, change, revocation, rule)
      if (typeof outcome === 'string' || revocation === null) return outcome
      return { ended: items.length - (revocation.except === null ? 0 : 1) }
    },
  }),
  'a revocation frees the ids': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      const outcome = await good.updateUser(uname, change, revocation, rule)
      if (revocation !== null) await good.sweepSessions(rule.now, ALL)
      return outcome
    },
  }),
  'every change is a revocation': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      const user = await good.readUser(uname)
      return good.updateUser(
        uname,
        change,
        revocation ?? { generation: (user?.generation ?? 0) + 1, except: null },
        rule,
      )
    },
  }),
  'a change ignores the generation of its rule': (good) => ({
    updateUser: (uname, change, revocation, rule) =>
      good.updateUser(uname, change, revocation, { ...rule, generation: null }),
  }),
  'a change looks at the generation, and then happens': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      const user = await good.readUser(uname)
      await later()
      if (user !== null && rule.generation !== null && rule.generation !== user.generation) return 'changed'
      return good.updateUser(uname, change, revocation, { ...rule, generation: null })
    },
  }),
  'a change that names a generation is always refused': (good) => ({
    updateUser: async (uname, change, revocation, rule) =>
      rule.generation === null ? good.updateUser(uname, change, revocation, rule) : 'changed',
  }),
  'deletion ignores the generation of its rule': (good) => ({
    deleteUser: (uname, rule) => good.deleteUser(uname, { ...rule, generation: null }),
  }),
  'deletion leaves the sessions': (good) => ({
    async deleteUser(uname, rule) {
      const { items } = await good.listSessions({ uname }, null, ALL, rule.now)
      const outcome = await good.deleteUser(uname, { ...rule, now: Number.MAX_SAFE_INTEGER })
      return typeof outcome === 'string' ? outcome : { ended: items.length }
    },
  }),
  'deletion frees the ids': (good) => ({
    async deleteUser(uname, rule) {
      const outcome = await good.deleteUser(uname, rule)
      await good.sweepSessions(rule.now, ALL)
      return outcome
    },
  }),
  'deletion counts what had ended': (good) => ({
    async deleteUser(uname, rule) {
      const { items } = await good.listSessions({ uname }, null, ALL, 0)
      const outcome = await good.deleteUser(uname, rule)
      return typeof outcome === 'string' ? outcome : { ended: items.length }
    },
  }),
}
