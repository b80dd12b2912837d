import { type Bounds, sizeOfAll } from '../../../src/store/bounds.ts'

import { roomy } from '../given.ts'
import { type Fault, readAll } from './fault.ts'

/** Puts under other bounds than those asked for. */
export const bounding =
  (bound: (bounds: Bounds) => Bounds): Fault =>
  (good) => ({
    putAttributes: (id, attributes, bounds, condition) =>
      good.putAttributes(id, attributes, bound(bounds), condition),
  })

/** Counts in a way of its own, and then puts without bounds. */
const counting =
  (
    count: (before: ReadonlyMap<string, string>, put: ReadonlyMap<string, string>) => [number, number],
  ): Fault =>
  (good) => ({
    async putAttributes(id, attributes, bounds, condition) {
      const session = await good.readSession(id, 'all', condition.now)
      if (session === null) return 'absent'
      const [size, bytes] = count(session.attributes, attributes)
      if (size > bounds.maxAttributes) return 'too_many'
      return bytes > bounds.maxBytes ? 'too_large' : good.putAttributes(id, attributes, roomy, condition)
    },
  })

const merged = (before: ReadonlyMap<string, string>, put: ReadonlyMap<string, string>) =>
  new Map([...before, ...put])

export const boundFaults: Record<string, Fault> = {
  'one attribute too many is stored': bounding((bounds) => ({
    ...bounds,
    maxAttributes: bounds.maxAttributes + 1,
  })),
  'the last attribute is refused': bounding((bounds) => ({
    ...bounds,
    maxAttributes: bounds.maxAttributes - 1,
  })),
  'one byte too many is stored': bounding((bounds) => ({ ...bounds, maxBytes: bounds.maxBytes + 1 })),
  'the last byte is refused': bounding((bounds) => ({ ...bounds, maxBytes: bounds.maxBytes - 1 })),
  'characters are counted': counting((before, put) => [
    merged(before, put).size,
    [...merged(before, put)].reduce((sum, [key, value]) => sum + key.length + value.length, 0),
  ]),
  'keys are not counted': counting((before, put) => [
    merged(before, put).size,
    [...merged(before, put)].reduce((sum, [, value]) => sum + Buffer.byteLength(value), 0),
  ]),
  'what is replaced counts twice': counting((before, put) => [
    before.size + put.size,
    sizeOfAll(before) + sizeOfAll(put),
  ]),
  'bytes that are replaced count twice': counting((before, put) => [
    merged(before, put).size,
    sizeOfAll(before) + sizeOfAll(put),
  ]),
  'only the put is counted': counting((_, put) => [put.size, sizeOfAll(put)]),
  'what only replaces is not looked at': counting((before, put) =>
    [...put.keys()].every((key) => before.has(key))
      ? [0, 0]
      : [merged(before, put).size, sizeOfAll(merged(before, put))],
  ),
  'what was removed still counts': (good) => {
    const removed = new Map<string, number>()
    return {
      async removeAttributes(id, keys, condition) {
        const before = await readAll(good, id, condition)
        const outcome = await good.removeAttributes(id, keys, condition)
        const after = await readAll(good, id, condition)
        removed.set(id, (removed.get(id) ?? 0) + before.size - after.size)
        return outcome
      },
      putAttributes: (id, attributes, bounds, condition) =>
        good.putAttributes(
          id,
          attributes,
          { ...bounds, maxAttributes: bounds.maxAttributes - (removed.get(id) ?? 0) },
          condition,
        ),
    }
  },
  'what was refused counts': (good) => {
    const refused = new Map<string, number>()
    return {
      async putAttributes(id, attributes, bounds, condition) {
        const maxBytes = bounds.maxBytes - (refused.get(id) ?? 0)
        const outcome = await good.putAttributes(id, attributes, { ...bounds, maxBytes }, condition)
        if (outcome === 'too_large') refused.set(id, (refused.get(id) ?? 0) + 1)
        return outcome
      },
    }
  },
  'put stores as many as there is room for': (good) => ({
    async putAttributes(id, attributes, bounds, condition) {
      const outcome = await good.putAttributes(id, attributes, bounds, condition)
      if (outcome !== 'too_many' && outcome !== 'too_large') return outcome
      for (const pair of attributes) await good.putAttributes(id, new Map([pair]), bounds, condition)
      return outcome
    },
  }),
  'a put that was refused raises the version': (good) => ({
    async putAttributes(id, attributes, bounds, condition) {
      const outcome = await good.putAttributes(id, attributes, bounds, condition)
      if (outcome === 'too_many' || outcome === 'too_large') await good.removeAttributes(id, [], condition)
      return outcome
    },
  }),
  'bounds are looked at before the write': counting((before, put) => [
    merged(before, put).size,
    sizeOfAll(merged(before, put)),
  ]),
}
