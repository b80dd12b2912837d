import { expect } from 'bun:test'
import { sizeOfAll } from '../../../src/store/bounds.ts'
import {
  anyVersion,
  attributesOf,
  givenAttributes,
  givenSession,
  givenSessionOf,
  HOUR,
  isLive,
  now,
  put,
  roomy,
} from '../given.ts'
import type { Law } from '../laws.ts'

/** Text that some store or language has mistaken for another, or for none. */
const oddTexts = [
  '',
  ' ',
  '  ',
  '0',
  'a',
  'A',
  'a ',
  ' a',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'length',
  '*',
  '%',
  '_',
  '?',
  '[a]',
  'a:b',
  '{a}:b',
  'a,b',
  "'; DROP TABLE sessions; --",
  '"',
  '\\',
  '\\u0041',
  '$1',
  '\t',
  '\r\n',
  '\u0001',
  '\u007f',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ufffd',
  '\uffff',
  'é',
  'e\u0301',
  'ß',
  'ẞ',
  'İ',
  'i',
  '\u{10000}',
  '\u{10ffff}',
  '👩🏽‍💻',
  'שלום',
  '漢字',
  'x'.repeat(300),
]

/** Writing attributes. */
export const attributeLaws: readonly Law[] = [
  {
    says: 'a put adds and replaces the attributes that it names, and no other',
    async check(store) {
      const { id } = await givenSession(store)
      await givenAttributes(store, id, [
        ['a', '1'],
        ['b', '2'],
      ])
      await givenAttributes(store, id, [
        ['b', '3'],
        ['c', '4'],
      ])
      expect(await attributesOf(store, id)).toEqual([
        ['a', '1'],
        ['b', '3'],
        ['c', '4'],
      ])
    },
  },
  {
    says: 'attributes hang on their session alone',
    async check(store) {
      const a = await givenSession(store)
      const b = await givenSessionOf(store, a)
      await givenAttributes(store, a.id, [['k', 'a']])
      await givenAttributes(store, b.id, [['k', 'b']])
      expect(await attributesOf(store, a.id)).toEqual([['k', 'a']])
      await store.removeAttributes(a.id, 'all', anyVersion)
      expect(await attributesOf(store, b.id)).toEqual([['k', 'b']])
    },
  },
  {
    says: 'a remove takes the named attributes that are there, and no other',
    async check(store) {
      const { id } = await givenSession(store)
      await givenAttributes(store, id, [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ])
      await store.removeAttributes(id, ['a', 'nothing', 'c', 'a'], anyVersion)
      expect(await attributesOf(store, id)).toEqual([['b', '2']])
      await store.removeAttributes(id, [], anyVersion)
      expect(await attributesOf(store, id)).toEqual([['b', '2']])
    },
  },
  {
    says: 'a remove of all leaves an empty session, which can be filled again',
    async check(store) {
      const { id } = await givenSession(store)
      await givenAttributes(store, id, [
        ['a', '1'],
        ['', ''],
      ])
      await store.removeAttributes(id, 'all', anyVersion)
      expect(await attributesOf(store, id)).toEqual([])
      await givenAttributes(store, id, [['b', '2']])
      expect(await attributesOf(store, id)).toEqual([['b', '2']])
    },
  },
  {
    says: 'a remove of what is not reserved leaves what is, and counts it on',
    async check(store) {
      const small: [string, string][] = [
        ['a', '1'],
        ['@', '2'],
        ['@app', '3'],
        ['A@', '4'],
        ['', '5'],
        ['é@', '6'],
      ]
      const large: [string, string][] = [
        ['@large', 'x'.repeat(9_000)],
        ['b', 'y'.repeat(9_000)],
      ]
      for (const pairs of [small, [...small, ...large]]) {
        const { id, endsAt, latestEndsAt } = await givenSession(store)
        await givenAttributes(store, id, pairs)
        const kept = pairs.filter(([key]) => key.startsWith('@'))
        const outcome = await store.removeAttributes(id, 'unreserved', anyVersion)
        expect(outcome).toEqual({ version: 3, endsAt, latestEndsAt })
        expect(await attributesOf(store, id)).toEqual(kept)
        // What stays counts towards the bounds, and nothing else does.
        const bytes = sizeOfAll(kept)
        const write = (maxAttributes: number, maxBytes: number) =>
          store.putAttributes(id, new Map([['n', '1']]), { ...roomy, maxAttributes, maxBytes }, anyVersion)
        expect(await write(kept.length, bytes + 2)).toBe('too_many')
        expect(await write(kept.length + 1, bytes + 1)).toBe('too_large')
        expect(await write(kept.length + 1, bytes + 2)).toMatchObject({ version: 4 })
        expect(await store.removeAttributes(id, 'unreserved', { now, version: 3 })).toBe('version_differs')
        await store.removeAttributes(id, 'all', anyVersion)
        expect(await attributesOf(store, id)).toEqual([])
      }
    },
  },
  {
    says: 'every put raises the version by one, and says so, with the end of the session',
    async check(store) {
      const { id, endsAt, latestEndsAt } = await givenSession(store)
      expect(await put(store, id, [['a', '1']])).toEqual({ version: 2, endsAt, latestEndsAt })
      await store.touchSessions([{ id, usedAt: now, endsAt: now + HOUR }], now)
      const same = [
        ['a', '1'],
        ['b', '2'],
      ] as const
      expect(await put(store, id, same)).toEqual({ version: 3, endsAt: now + HOUR, latestEndsAt })
      expect((await store.readSession(id, [], now))?.version).toBe(3)
    },
  },
  {
    says: 'every remove raises the version by one, also when nothing was there',
    async check(store) {
      const { id, endsAt, latestEndsAt } = await givenSession(store)
      const remove = (keys: readonly string[] | 'all') => store.removeAttributes(id, keys, anyVersion)
      expect(await remove(['nothing'])).toEqual({ version: 2, endsAt, latestEndsAt })
      expect(await remove('all')).toEqual({ version: 3, endsAt, latestEndsAt })
      await givenAttributes(store, id, [
        ['a', '1'],
        ['b', '1'],
      ])
      await store.touchSessions([{ id, usedAt: now, endsAt: now + HOUR }], now)
      expect(await remove(['a', 'b'])).toEqual({ version: 5, endsAt: now + HOUR, latestEndsAt })
      expect((await store.readSession(id, [], now))?.version).toBe(5)
    },
  },
  {
    says: 'a put for a version happens if the session has that version',
    async check(store) {
      const { id, endsAt, latestEndsAt } = await givenSession(store)
      await givenAttributes(store, id, [['a', '1']])
      const write = (version: number) =>
        store.putAttributes(id, new Map([['a', '2']]), roomy, { now, version })
      for (const wrong of [1, 3, 0]) expect(await write(wrong)).toBe('version_differs')
      expect(await attributesOf(store, id)).toEqual([['a', '1']])
      expect((await store.readSession(id, [], now))?.version).toBe(2)
      expect(await write(2)).toEqual({ version: 3, endsAt, latestEndsAt })
      expect(await attributesOf(store, id)).toEqual([['a', '2']])
    },
  },
  {
    says: 'a remove for a version happens if the session has that version',
    async check(store) {
      const { id, endsAt, latestEndsAt } = await givenSession(store)
      await givenAttributes(store, id, [['a', '1']])
      for (const keys of [['a'], 'all'] as const) {
        for (const version of [1, 3, 0]) {
          expect(await store.removeAttributes(id, keys, { now, version })).toBe('version_differs')
        }
      }
      expect(await attributesOf(store, id)).toEqual([['a', '1']])
      expect((await store.readSession(id, [], now))?.version).toBe(2)
      expect(await store.removeAttributes(id, ['a'], { now, version: 2 })).toEqual({
        version: 3,
        endsAt,
        latestEndsAt,
      })
      expect(await attributesOf(store, id)).toEqual([])
    },
  },
  {
    says: 'any text is a key, and stays apart from every other',
    async check(store) {
      const { id } = await givenSession(store)
      const attributes = new Map(oddTexts.map((key, i) => [key, `value ${i}`]))
      await givenAttributes(store, id, attributes)
      expect((await store.readSession(id, 'all', now))?.attributes).toEqual(attributes)
      expect((await store.readSession(id, oddTexts, now))?.attributes).toEqual(attributes)
      for (const [key, value] of attributes) {
        expect((await store.readSession(id, [key], now))?.attributes).toEqual(new Map([[key, value]]))
      }
    },
  },
  {
    says: 'a key that was never put is not there, whatever it means to a language',
    async check(store) {
      const { id } = await givenSession(store)
      expect((await store.readSession(id, oddTexts, now))?.attributes).toEqual(new Map())
      await givenAttributes(store, id, [['other', '1']])
      expect((await store.readSession(id, oddTexts, now))?.attributes).toEqual(new Map())
    },
  },
  {
    says: 'any text is removed by its own key and by no other',
    async check(store) {
      const { id } = await givenSession(store)
      await givenAttributes(
        store,
        id,
        oddTexts.map((key) => [key, 'x'] as const),
      )
      const left = new Set(oddTexts)
      for (const key of oddTexts) {
        await store.removeAttributes(id, [key], anyVersion)
        left.delete(key)
        const session = await store.readSession(id, 'all', now)
        expect(new Set(session?.attributes.keys())).toEqual(left)
      }
    },
  },
  {
    says: 'any text is a value and comes back as it was put',
    async check(store) {
      const { id } = await givenSession(store)
      const values = [...oddTexts, '𝒳'.repeat(16_384)]
      const attributes = new Map(values.map((value, i) => [`k${i}`, value]))
      await givenAttributes(store, id, attributes)
      expect((await store.readSession(id, 'all', now))?.attributes).toEqual(attributes)
      for (const value of values) {
        await givenAttributes(store, id, [['again', value]])
        expect((await store.readSession(id, ['again'], now))?.attributes.get('again')).toBe(value)
      }
    },
  },
  {
    says: 'a write of attributes does not lengthen a session',
    async check(store) {
      const { id, endsAt } = await givenSession(store)
      await store.putAttributes(id, new Map([['a', '1']]), roomy, { now: endsAt - 1, version: null })
      await store.removeAttributes(id, 'all', { now: endsAt - 1, version: null })
      const session = await store.readSession(id, [], endsAt - 1)
      expect([session?.usedAt, session?.endsAt]).toEqual([now, endsAt])
      expect(await isLive(store, id, endsAt)).toBe(false)
    },
  },
]
