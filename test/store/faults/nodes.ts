import { openMemoryStore } from '../../../src/store/memory.ts'
import type { ReadSession, Store, StoredUser } from '../../../src/store/store.ts'
import { ALL, type Fault, firstWhere, later } from './fault.ts'

/** The writes that end sessions, each of which first does `forget`. */
const ending = (good: Store, forget: () => void): Partial<Store> => ({
  endSession: (...args) => {
    forget()
    return good.endSession(...args)
  },
  endSessions: (...args) => {
    forget()
    return good.endSessions(...args)
  },
  updateUser: (...args) => {
    forget()
    return good.updateUser(...args)
  },
  deleteUser: (...args) => {
    forget()
    return good.deleteUser(...args)
  },
})

/**
 * What goes wrong where each node remembers something for itself. Every store is right as long as it is alone: a fault is given
 * twice, once for each node, and what it remembers is that node's.
 */
export const nodeFaults: Record<string, Fault> = {
  'a node puts what it remembers together with what it is given': (good) => {
    const known = new Map<string, ReadonlyMap<string, string>>()
    return {
      async readSession(id, keys, now) {
        const session = await good.readSession(id, keys, now)
        if (session !== null && keys === 'all') known.set(id, session.attributes)
        return session
      },
      putAttributes(id, attributes, bounds, condition) {
        const all = new Map([...(known.get(id) ?? []), ...attributes])
        known.set(id, all)
        return good.putAttributes(id, all, bounds, condition)
      },
      removeAttributes(id, keys, condition) {
        known.delete(id)
        return good.removeAttributes(id, keys, condition)
      },
    }
  },
  'a node compares the version with the one that it remembers': (good) => {
    const known = new Map<string, number>()
    return {
      async readSession(id, keys, now) {
        const session = await good.readSession(id, keys, now)
        if (session !== null) known.set(id, session.version)
        return session
      },
      async putAttributes(id, attributes, bounds, { now, version }) {
        const isKnown = version !== null && known.get(id) === version
        if (isKnown) known.set(id, version + 1)
        return good.putAttributes(id, attributes, bounds, { now, version: isKnown ? null : version })
      },
      removeAttributes(id, keys, condition) {
        known.delete(id)
        return good.removeAttributes(id, keys, condition)
      },
    }
  },
  'a node answers from memory until it ends something itself': (good) => {
    const known = new Map<string, ReadSession>()
    return {
      ...ending(good, () => known.clear()),
      async readSession(id, keys, now) {
        const session = await good.readSession(id, keys, now)
        if (session !== null) known.set(id, session)
        const before = known.get(id)
        return session ?? (before !== undefined && now < before.endsAt ? before : null)
      },
    }
  },
  'a node takes writes for sessions that it knows': (good) => {
    const known = new Map<string, ReadSession>()
    return {
      ...ending(good, () => known.clear()),
      async readSession(id, keys, now) {
        const session = await good.readSession(id, keys, now)
        if (session !== null) known.set(id, session)
        return session
      },
      async putAttributes(id, attributes, bounds, condition) {
        const outcome = await good.putAttributes(id, attributes, bounds, condition)
        const session = known.get(id)
        if (outcome !== 'absent' || session === undefined || condition.now >= session.endsAt) return outcome
        return { version: session.version + 1, endsAt: session.endsAt, latestEndsAt: session.latestEndsAt }
      },
    }
  },
  'a node looks for the session, and then says that it ended it': (good) => {
    let inTurn: Promise<unknown> = Promise.resolve()
    const end: Store['endSession'] = async (handle, uname, reason, now) => {
      const found = await firstWhere(good, ({ id, endsAt }) => id.startsWith(handle) && now < endsAt)
      await later()
      const ended = await good.endSession(handle, uname, reason, now)
      return ended || (found !== null && found.uname === uname)
    }
    return {
      // On one node they wait for each other.
      endSession(...args) {
        const mine = inTurn.then(() => end(...args))
        inTurn = mine
        return mine
      },
    }
  },
  'a node keeps uses to itself': (good) => {
    const moved = new Map<string, { readonly usedAt: number; readonly endsAt: number }>()
    return {
      async touchSessions(uses, now) {
        for (const { id, usedAt, endsAt } of uses) {
          const session = (await good.readSession(id, [], now)) ?? null
          if (session !== null) moved.set(id, { usedAt, endsAt: Math.min(endsAt, session.latestEndsAt) })
        }
      },
      async readSession(id, keys, now) {
        const use = moved.get(id)
        const session = await good.readSession(id, keys, use === undefined ? now : Math.min(now, use.usedAt))
        return session !== null && use !== undefined && now < use.endsAt ? { ...session, ...use } : session
      },
    }
  },
  'a node lets logins pass by the generation that it remembers': (good) => {
    const known = new Map<string, number>()
    return {
      ...ending(good, () => known.clear()),
      async readUser(uname) {
        const user = await good.readUser(uname)
        if (user !== null) known.set(uname, user.generation)
        return user
      },
      async insertSession(session) {
        const user = await good.readUser(session.uname)
        const passes = user !== null && known.get(session.uname) === session.generation
        return good.insertSession(passes ? { ...session, generation: user.generation } : session)
      },
    }
  },
  'a node remembers users': (good) => {
    const known = new Map<string, StoredUser>()
    return {
      ...ending(good, () => known.clear()),
      async readUser(uname) {
        const user = known.get(uname) ?? (await good.readUser(uname))
        if (user !== null) known.set(uname, user)
        return user
      },
    }
  },
  'a node counts the keepers, and then lets one go, one after the other': (good) => {
    let inTurn: Promise<unknown> = Promise.resolve()
    const go: Store['deleteUser'] = async (uname, rule) => {
      const { items } = await good.listUsers(null, ALL)
      const keeps = (user: StoredUser) => !user.disabled && user.roles.includes(rule.keeper)
      const others = items.filter((user) => user.uname !== uname && keeps(user))
      await later()
      return good.deleteUser(uname, others.length > 0 ? { ...rule, keeper: '' } : rule)
    }
    return {
      deleteUser(uname, rule) {
        const mine = inTurn.then(() => go(uname, rule))
        inTurn = mine
        return mine
      },
    }
  },
  'a node counts what there is to sweep, and then sweeps': (good) => ({
    async sweepSessions(endedBefore, limit) {
      const { items } = await good.listSessions({}, null, ALL, 0)
      const over = items.filter(({ endsAt }) => endsAt <= endedBefore).slice(0, limit)
      await later()
      return Math.max(over.length, await good.sweepSessions(endedBefore, limit))
    },
  }),
  'a node has secrets of its own': () => {
    const own = openMemoryStore()
    return { readSecret: own.readSecret }
  },
  'a node has counters of its own': () => {
    const own = openMemoryStore()
    return { addToCounter: own.addToCounter }
  },
}
