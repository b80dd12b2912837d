import type { WriteOutcome } from '../../../src/store/store.ts'
import { roomy } from '../given.ts'
import { type Fault, readAll } from './fault.ts'

/** Puts, with keys changed on the way in; on the way out nothing is changed back. */
const mappingKeys =
  (map: (key: string) => string): Fault =>
  (good) => ({
    putAttributes: (id, attributes, bounds, condition) =>
      good.putAttributes(
        id,
        new Map([...attributes].map(([key, value]) => [map(key), value])),
        bounds,
        condition,
      ),
  })

const mappingValues =
  (map: (value: string) => string): Fault =>
  (good) => ({
    putAttributes: (id, attributes, bounds, condition) =>
      good.putAttributes(
        id,
        new Map([...attributes].map(([key, value]) => [key, map(value)])),
        bounds,
        condition,
      ),
  })

/** What a write answers, changed. */
const answering =
  (change: (outcome: Exclude<WriteOutcome, string>) => WriteOutcome): Fault =>
  (good) => ({
    async putAttributes(...args) {
      const outcome = await good.putAttributes(...args)
      return typeof outcome === 'string' ? outcome : change(outcome)
    },
    async removeAttributes(...args) {
      const outcome = await good.removeAttributes(...args)
      return typeof outcome === 'string' ? outcome : change(outcome)
    },
  })

export const writeFaults: Record<string, Fault> = {
  'put does nothing': (good) => ({
    putAttributes: (id, _, bounds, condition) => good.putAttributes(id, new Map(), bounds, condition),
  }),
  'put replaces all attributes': (good) => ({
    async putAttributes(id, attributes, bounds, condition) {
      const before = await readAll(good, id, condition)
      const outcome = await good.putAttributes(id, attributes, bounds, condition)
      if (typeof outcome === 'string') return outcome
      const others = [...before.keys()].filter((key) => !attributes.has(key))
      await good.removeAttributes(id, others, { ...condition, version: null })
      return outcome
    },
  }),
  'put does not replace': (good) => ({
    async putAttributes(id, attributes, bounds, condition) {
      const before = await readAll(good, id, condition)
      const added = [...attributes].filter(([key]) => !before.has(key))
      return good.putAttributes(id, new Map(added), bounds, condition)
    },
  }),
  'put reads the whole session, and then writes the whole session': (good) => ({
    async putAttributes(id, attributes, bounds, condition) {
      const before = await readAll(good, id, condition)
      await Promise.resolve()
      return good.putAttributes(id, new Map([...before, ...attributes]), bounds, condition)
    },
  }),
  'put upserts a session that has ended': (good) => ({
    async putAttributes(id, attributes, bounds, condition) {
      const outcome = await good.putAttributes(id, attributes, bounds, condition)
      if (outcome !== 'absent') return outcome
      return { version: 1, endsAt: condition.now + 1, latestEndsAt: condition.now + 1 }
    },
  }),
  'put succeeds in the millisecond of the end': (good) => ({
    putAttributes: (id, attributes, bounds, condition) =>
      good.putAttributes(id, attributes, bounds, { ...condition, now: condition.now - 1 }),
  }),
  'put comes too late in the last millisecond': (good) => ({
    putAttributes: (id, attributes, bounds, condition) =>
      good.putAttributes(id, attributes, bounds, { ...condition, now: condition.now + 1 }),
  }),
  'put looks at the bounds before it looks for the session': (good) => ({
    putAttributes: async (id, attributes, bounds, condition) =>
      attributes.size > bounds.maxAttributes
        ? 'too_many'
        : good.putAttributes(id, attributes, bounds, condition),
  }),
  'put is a use of the session': (good) => ({
    async putAttributes(id, attributes, bounds, condition) {
      const outcome = await good.putAttributes(id, attributes, bounds, condition)
      if (typeof outcome === 'string') return outcome
      const use = { id, usedAt: condition.now, endsAt: condition.now + 60_000 }
      await good.touchSessions([use], condition.now)
      return outcome
    },
  }),
  'put ignores the version': (good) => ({
    putAttributes: (id, attributes, bounds, { now }) =>
      good.putAttributes(id, attributes, bounds, { now, version: null }),
  }),
  'put looks at the version, and then writes': (good) => ({
    async putAttributes(id, attributes, bounds, { now, version }) {
      const session = await good.readSession(id, [], now)
      await Promise.resolve()
      if (session !== null && version !== null && session.version !== version) return 'version_differs'
      return good.putAttributes(id, attributes, bounds, { now, version: null })
    },
  }),
  'put lets a later version pass': (good) => ({
    async putAttributes(id, attributes, bounds, { now, version }) {
      const session = await good.readSession(id, [], now)
      const isLater = version !== null && version > (session?.version ?? version)
      return good.putAttributes(id, attributes, bounds, { now, version: isLater ? null : version })
    },
  }),
  'put writes before it looks at the version': (good) => ({
    async putAttributes(id, attributes, bounds, { now, version }) {
      const session = await good.readSession(id, [], now)
      const outcome = await good.putAttributes(id, attributes, bounds, { now, version: null })
      const differs = session !== null && version !== null && session.version !== version
      return differs ? 'version_differs' : outcome
    },
  }),
  'put to one session also puts to the next': (good) => ({
    async putAttributes(id, attributes, bounds, condition) {
      const session = await good.readSession(id, [], condition.now)
      const { items } = await good.listSessions({ uname: session?.uname ?? '' }, null, 10, condition.now)
      for (const other of items) {
        if (other.id !== id)
          await good.putAttributes(other.id, attributes, roomy, { ...condition, version: null })
      }
      return good.putAttributes(id, attributes, bounds, condition)
    },
  }),
  'a write says the version before it': answering((outcome) => ({
    ...outcome,
    version: outcome.version - 1,
  })),
  'a write says the latest end for the end': answering((outcome) => ({
    ...outcome,
    endsAt: outcome.latestEndsAt,
  })),
  'a write says the end for the latest end': answering((outcome) => ({
    ...outcome,
    latestEndsAt: outcome.endsAt,
  })),
}

export const removeFaults: Record<string, Fault> = {
  'remove does nothing': (good) => ({
    removeAttributes: (id, _, condition) => good.removeAttributes(id, [], condition),
  }),
  'remove takes all': (good) => ({
    removeAttributes: (id, _, condition) => good.removeAttributes(id, 'all', condition),
  }),
  'remove of none takes all': (good) => ({
    removeAttributes: (id, keys, condition) =>
      good.removeAttributes(id, keys.length === 0 ? 'all' : keys, condition),
  }),
  'remove of what is not reserved takes all': (good) => ({
    removeAttributes: (id, keys, condition) =>
      good.removeAttributes(id, keys === 'unreserved' ? 'all' : keys, condition),
  }),
  'remove of all spares what is reserved': (good) => ({
    removeAttributes: (id, keys, condition) =>
      good.removeAttributes(id, keys === 'all' ? 'unreserved' : keys, condition),
  }),
  'remove of what is not reserved leaves everything': (good) => ({
    removeAttributes: (id, keys, condition) =>
      good.removeAttributes(id, keys === 'unreserved' ? [] : keys, condition),
  }),
  'remove of all leaves empty keys': (good) => ({
    async removeAttributes(id, keys, condition) {
      if (keys !== 'all') return good.removeAttributes(id, keys, condition)
      const all = await readAll(good, id, condition)
      return good.removeAttributes(
        id,
        [...all.keys()].filter((key) => key !== ''),
        condition,
      )
    },
  }),
  'remove of nothing leaves the version': (good) => ({
    async removeAttributes(id, keys, condition) {
      const session = await good.readSession(id, 'all', condition.now)
      const isThere = (key: string) => session?.attributes.has(key) ?? false
      const isIdle = typeof keys === 'string' ? session?.attributes.size === 0 : !keys.some(isThere)
      if (session === null || !isIdle) return good.removeAttributes(id, keys, condition)
      return { version: session.version, endsAt: session.endsAt, latestEndsAt: session.latestEndsAt }
    },
  }),
  'remove succeeds in the millisecond of the end': (good) => ({
    removeAttributes: (id, keys, condition) =>
      good.removeAttributes(id, keys, { ...condition, now: condition.now - 1 }),
  }),
  'remove says that all is well with an absent session': (good) => ({
    async removeAttributes(id, keys, condition) {
      const outcome = await good.removeAttributes(id, keys, condition)
      return outcome === 'absent'
        ? { version: 1, endsAt: condition.now, latestEndsAt: condition.now }
        : outcome
    },
  }),
  'remove ignores the version': (good) => ({
    removeAttributes: (id, keys, { now }) => good.removeAttributes(id, keys, { now, version: null }),
  }),
  'remove takes keys that are equal but for case': (good) => ({
    async removeAttributes(id, keys, condition) {
      if (typeof keys === 'string') return good.removeAttributes(id, keys, condition)
      const named = new Set(keys.map((key) => key.toLowerCase()))
      const all = [...(await readAll(good, id, condition)).keys()]
      return good.removeAttributes(
        id,
        all.filter((key) => named.has(key.toLowerCase())),
        condition,
      )
    },
  }),
}

export const textFaults: Record<string, Fault> = {
  'keys are trimmed': mappingKeys((key) => key.trim()),
  'keys are normalized': mappingKeys((key) => key.normalize('NFC')),
  'keys lose their case': mappingKeys((key) => key.toLowerCase()),
  'keys are cut': mappingKeys((key) => key.slice(0, 255)),
  'values are normalized': mappingValues((value) => value.normalize('NFC')),
  'values lose what is beyond the basic plane': mappingValues((value) =>
    value.replace(/[\u{10000}-\u{10ffff}]/gu, '?'),
  ),
  'values are cut': mappingValues((value) => value.slice(0, 32_000)),
  'values are trimmed': mappingValues((value) => value.trim()),
}
