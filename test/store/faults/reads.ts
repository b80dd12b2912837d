import { handleOf } from '../../../src/store/store.ts'
import { type Fault, firstWhere, later } from './fault.ts'

export const readFaults: Record<string, Fault> = {
  'read says that it is at once and lets others go first': (good) => ({
    async readSession(id, keys, now) {
      await later()
      return good.readSession(id, keys, now)
    },
  }),
  'several are found at once, it says, and others go first': (good) => ({
    async findSessions(ids, now) {
      await later()
      return good.findSessions(ids, now)
    },
  }),
  'read of a user says that it is at once and lets others go first': (good) => ({
    async readUser(uname) {
      await later()
      return good.readUser(uname)
    },
  }),
  'read gives a session in the millisecond of its end': (good) => ({
    readSession: (id, keys, now) => good.readSession(id, keys, now - 1),
  }),
  'read gives a session no more in its last millisecond': (good) => ({
    readSession: (id, keys, now) => good.readSession(id, keys, now + 1),
  }),
  'read goes by the handle': (good) => ({
    async readSession(id, keys, now) {
      const found = await firstWhere(good, (session) => handleOf(session.id) === handleOf(id))
      return good.readSession(found?.id ?? id, keys, now)
    },
  }),
  'those among several ids are found in an order of their own': (good) => ({
    findSessions: async (ids, now) => (await good.findSessions(ids, now)).toReversed(),
  }),
  'among several ids those that have ended are found': (good) => ({
    findSessions: (ids, now) => good.findSessions(ids, now - 1),
  }),
  'among several ids only the first is found': (good) => ({
    findSessions: async (ids, now) => (await good.findSessions(ids, now)).slice(0, 1),
  }),
  'among several ids those of a handle are found': (good) => ({
    async findSessions(ids, now) {
      const known = await Promise.all(
        ids.map((id) => firstWhere(good, (session) => handleOf(session.id) === handleOf(id))),
      )
      return good.findSessions([...new Set(known.flatMap((each) => each?.id ?? []))], now)
    },
  }),
  'read gives all attributes, whatever is named': (good) => ({
    readSession: (id, _, now) => good.readSession(id, 'all', now),
  }),
  'read gives empty values for keys that are not there': (good) => ({
    async readSession(id, keys, now) {
      const session = await good.readSession(id, keys, now)
      if (session === null || keys === 'all') return session
      const attributes = new Map(keys.map((key) => [key, session.attributes.get(key) ?? '']))
      return { ...session, attributes }
    },
  }),
  'read leaves out empty values': (good) => ({
    async readSession(id, keys, now) {
      const session = await good.readSession(id, keys, now)
      if (session === null) return null
      return { ...session, attributes: new Map([...session.attributes].filter(([, value]) => value !== '')) }
    },
  }),
  'read gives a map that later writes change': (good) => {
    const given = new Map<string, Map<string, string>>()
    return {
      async readSession(id, keys, now) {
        const session = await good.readSession(id, keys, now)
        if (session === null) return null
        const attributes = given.get(id) ?? new Map<string, string>()
        given.set(id, attributes)
        attributes.clear()
        for (const [key, value] of session.attributes) attributes.set(key, value)
        return { ...session, attributes }
      },
    }
  },
  'read remembers some attributes for all': (good) => {
    const remembered = new Map<string, readonly [number, ReadonlyMap<string, string>]>()
    return {
      async readSession(id, keys, now) {
        const session = await good.readSession(id, keys, now)
        if (session === null) return null
        const [version, known] = remembered.get(id) ?? [0, session.attributes]
        if (version !== session.version) remembered.set(id, [session.version, session.attributes])
        return { ...session, attributes: version === session.version ? known : session.attributes }
      },
    }
  },
  'read looks the keys up in an object': (good) => ({
    async readSession(id, keys, now) {
      const session = await good.readSession(id, 'all', now)
      if (session === null || keys === 'all') return session
      const object: Record<string, unknown> = Object.fromEntries(session.attributes)
      const found = keys.filter((key) => object[key] !== undefined)
      return { ...session, attributes: new Map(found.map((key) => [key, String(object[key])])) }
    },
  }),
  'read takes the attributes one after the other': (good) => ({
    async readSession(id, keys, now) {
      const session = await good.readSession(id, keys, now)
      if (session === null) return null
      const attributes = new Map<string, string>()
      for (const key of session.attributes.keys()) {
        await Promise.resolve()
        const value = (await good.readSession(id, [key], now))?.attributes.get(key)
        if (value !== undefined) attributes.set(key, value)
      }
      return { ...session, attributes }
    },
  }),
  'read shortens long values': (good) => ({
    async readSession(id, keys, now) {
      const session = await good.readSession(id, keys, now)
      if (session === null) return null
      const shortened = [...session.attributes].map(([key, value]) => [key, value.slice(0, 16_384)] as const)
      return { ...session, attributes: new Map(shortened) }
    },
  }),
  'ping is never answered': () => ({ ping: () => Promise.reject(new Error('away')) }),
}
