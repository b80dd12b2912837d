import type { StoredSession } from '../../../src/store/store.ts'
import { roomy } from '../given.ts'
import { ALL, type Fault, later } from './fault.ts'

const spoilt =
  (spoil: (session: StoredSession) => Partial<StoredSession>): Fault =>
  (good) => ({
    restoreSession: (session, attributes) =>
      good.restoreSession({ ...session, ...spoil(session) }, attributes),
  })

export const restoreFaults: Record<string, Fault> = {
  'restoration does nothing': () => ({ restoreSession: async () => 'restored' }),
  'restoration begins at version 1': spoilt(() => ({ version: 1 })),
  'restoration goes one version on': spoilt(({ version }) => ({ version: version + 1 })),
  'restoration counts as a use': spoilt(({ usedAt }) => ({ usedAt: usedAt + 1 })),
  'restoration forgets the last use': spoilt(({ beganAt }) => ({ usedAt: beganAt })),
  'restoration forgets the end': spoilt(({ latestEndsAt }) => ({ endsAt: latestEndsAt })),
  'restoration begins a new lifetime': spoilt(({ latestEndsAt }) => ({ latestEndsAt: latestEndsAt + 1 })),
  'restoration swaps address and user agent': spoilt(({ address, userAgent }) => ({
    address: userAgent,
    userAgent: address,
  })),
  'restoration forgets the attributes': (good) => ({
    restoreSession: (session) => good.restoreSession(session, new Map()),
  }),
  'restoration forgets large attributes': (good) => ({
    restoreSession: (session, attributes) =>
      good.restoreSession(session, new Map([...attributes].filter(([, value]) => value.length < 10_000))),
  }),
  'restoration keeps a thousand attributes': (good) => ({
    restoreSession: (session, attributes) =>
      good.restoreSession(session, new Map([...attributes].slice(0, 1_000))),
  }),
  'restoration does not count what there is': (good) => {
    const restored = new Set<string>()
    return {
      restoreSession(session, attributes) {
        restored.add(session.id)
        return good.restoreSession(session, attributes)
      },
      putAttributes: (id, attributes, bounds, condition) =>
        good.putAttributes(id, attributes, restored.has(id) ? roomy : bounds, condition),
    }
  },
  'restoration says that it overwrote a taken id': (good) => ({
    async restoreSession(session, attributes) {
      await good.restoreSession(session, attributes)
      return 'restored'
    },
  }),
  'restoration adds its attributes to a live session': (good) => ({
    async restoreSession(session, attributes) {
      const outcome = await good.restoreSession(session, attributes)
      const condition = { now: session.usedAt, version: null }
      if (outcome === 'id_taken') await good.putAttributes(session.id, attributes, roomy, condition)
      return outcome
    },
  }),
  'restoration revives what was ended': (good) => ({
    async restoreSession(session, attributes) {
      const there = await good.listSessions({}, null, ALL, 0)
      if (there.items.some(({ id }) => id === session.id)) return 'id_taken'
      await good.sweepSessions(session.latestEndsAt, ALL)
      return good.restoreSession(session, attributes)
    },
  }),
  'restoration takes the place of what is over': (good) => ({
    async restoreSession(session, attributes) {
      await good.sweepSessions(session.endsAt, ALL)
      return good.restoreSession(session, attributes)
    },
  }),
  'restoration leaves the id free for logins': (good) => {
    const restored = new Set<string>()
    return {
      restoreSession(session, attributes) {
        restored.add(session.id)
        return good.restoreSession(session, attributes)
      },
      async insertSession(session) {
        return restored.has(session.id) ? 'inserted' : good.insertSession(session)
      },
    }
  },
  'restoration looks whether the id is taken, and then restores': (good) => {
    const taken = new Set<string>()
    return {
      async restoreSession(session, attributes) {
        const wasTaken = taken.has(session.id)
        await later()
        taken.add(session.id)
        const outcome = await good.restoreSession(session, attributes)
        return wasTaken ? outcome : 'restored'
      },
    }
  },
  'restoration needs a user': (good) => ({
    restoreSession: async (session, attributes) =>
      (await good.readUser(session.uname)) === null ? 'id_taken' : good.restoreSession(session, attributes),
  }),
  'restoration needs a user who is enabled': (good) => ({
    restoreSession: async (session, attributes) =>
      (await good.readUser(session.uname))?.disabled === true
        ? 'id_taken'
        : good.restoreSession(session, attributes),
  }),
  'a revocation does not know what was restored': (good) => {
    const restored = new Set<string>()
    return {
      restoreSession(session, attributes) {
        restored.add(session.uname)
        return good.restoreSession(session, attributes)
      },
      updateUser: (uname, change, revocation, rule) =>
        good.updateUser(uname, change, restored.has(uname) ? null : revocation, rule),
    }
  },
  'lists have what was restored first': (good) => {
    const restored = new Set<string>()
    return {
      restoreSession(session, attributes) {
        restored.add(session.id)
        return good.restoreSession(session, attributes)
      },
      async listSessions(filter, after, limit, now) {
        const { items } = await good.listSessions(filter, null, ALL, now)
        const isRestored = ({ id }: StoredSession) => restored.has(id)
        const all = [...items.filter(isRestored), ...items.filter((each) => !isRestored(each))]
        const from = Number(after ?? 0)
        const page = all.slice(from, from + limit)
        return { items: page, next: from + limit < all.length ? String(from + limit) : null }
      },
    }
  },
  'lists have what was restored in the order of restoration': (good) => {
    const restored: string[] = []
    return {
      restoreSession(session, attributes) {
        restored.push(session.id)
        return good.restoreSession(session, attributes)
      },
      async listSessions(filter, after, limit, now) {
        const { items } = await good.listSessions(filter, null, ALL, now)
        const all = items.toSorted((a, b) => restored.indexOf(b.id) - restored.indexOf(a.id))
        const from = Number(after ?? 0)
        const page = all.slice(from, from + limit)
        return { items: page, next: from + limit < all.length ? String(from + limit) : null }
      },
    }
  },
  'restoration is for ever': spoilt(({ endsAt, latestEndsAt }) => ({
    endsAt: Math.max(endsAt, latestEndsAt - 1),
  })),
  'a sweep does not see what was restored': (good) => {
    let restored = 0
    return {
      restoreSession(session, attributes) {
        restored++
        return good.restoreSession(session, attributes)
      },
      sweepSessions: async (endedBefore, limit) =>
        restored > 0 ? 0 : good.sweepSessions(endedBefore, limit),
    }
  },
  'a node does not find what another has restored': (good) => {
    const absent = new Set<string>()
    return {
      async restoreSession(session, attributes) {
        absent.delete(session.id)
        return good.restoreSession(session, attributes)
      },
      async insertSession(session) {
        absent.delete(session.id)
        return good.insertSession(session)
      },
      async readSession(id, keys, now) {
        if (absent.has(id)) return null
        const session = await good.readSession(id, keys, now)
        if (session === null) absent.add(id)
        return session
      },
    }
  },
  'a list of secrets is empty': () => ({ listSecrets: async () => new Map() }),
  'a list of secrets makes one': (good) => ({
    async listSecrets() {
      await good.readSecret('made', 'up')
      return good.listSecrets()
    },
  }),
  'a list of secrets leaves out what is empty': (good) => ({
    listSecrets: async () => new Map([...(await good.listSecrets())].filter(([, secret]) => secret !== '')),
  }),
}
