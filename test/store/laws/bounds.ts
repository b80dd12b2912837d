import { expect } from 'bun:test'
import type { Bounds } from '../../../src/store/bounds.ts'
import type { Store } from '../../../src/store/store.ts'
import { anyVersion, attributesOf, givenAttributes, givenSession, now, roomy } from '../given.ts'
import type { Law } from '../laws.ts'

/** A session, and puts into it under bounds. */
async function given(store: Store, attributes: Record<string, string> = {}) {
  const { id } = await givenSession(store)
  await givenAttributes(store, id, Object.entries(attributes))
  return {
    id,
    put: async (put: Record<string, string>, bounds: Partial<Bounds>) => {
      const outcome = await store.putAttributes(
        id,
        new Map(Object.entries(put)),
        { ...roomy, ...bounds },
        anyVersion,
      )
      return typeof outcome === 'string' ? outcome : 'stored'
    },
    all: async () => Object.fromEntries((await attributesOf(store, id)) ?? []),
    version: async () => (await store.readSession(id, [], now))?.version,
  }
}

/** How much may hang on a session. */
export const boundLaws: readonly Law[] = [
  {
    says: 'a session may have as many attributes as the bound says, and not one more',
    async check(store) {
      const { put, all } = await given(store, { a: '1' })
      expect(await put({ b: '2', c: '3' }, { maxAttributes: 3 })).toBe('stored')
      expect(await put({ d: '4' }, { maxAttributes: 3 })).toBe('too_many')
      expect(await all()).toEqual({ a: '1', b: '2', c: '3' })
    },
  },
  {
    says: 'attributes that are replaced do not count twice',
    async check(store) {
      const { put, all } = await given(store, { a: '1', b: '2' })
      expect(await put({ a: '3', b: '4' }, { maxAttributes: 2 })).toBe('stored')
      expect(await put({ b: '5', c: '6' }, { maxAttributes: 3 })).toBe('stored')
      expect(await put({ c: '7', d: '8' }, { maxAttributes: 3 })).toBe('too_many')
      expect(await all()).toEqual({ a: '3', b: '5', c: '6' })
    },
  },
  {
    says: 'a session may have as many bytes of keys and values as the bound says, and not one more',
    async check(store) {
      const { put, all } = await given(store, { ab: 'cde' })
      expect(await put({ fg: 'hij' }, { maxBytes: 10 })).toBe('stored')
      expect(await put({ k: '' }, { maxBytes: 10 })).toBe('too_large')
      expect(await put({ '': 'k' }, { maxBytes: 10 })).toBe('too_large')
      expect(await put({ '': '' }, { maxBytes: 10 })).toBe('stored')
      expect(await all()).toEqual({ ab: 'cde', fg: 'hij', '': '' })
    },
  },
  {
    says: 'bytes are counted in UTF-8, in keys and in values',
    async check(store) {
      const { put, all } = await given(store)
      expect(await put({ é: '漢👩' }, { maxBytes: 8 })).toBe('too_large')
      expect(await put({ é: '漢👩' }, { maxBytes: 9 })).toBe('stored')
      expect(await put({ '👩': 'é' }, { maxBytes: 14 })).toBe('too_large')
      expect(await put({ '👩': 'é' }, { maxBytes: 15 })).toBe('stored')
      expect(await all()).toEqual({ é: '漢👩', '👩': 'é' })
    },
  },
  {
    says: 'of a value that is replaced only the difference counts',
    async check(store) {
      const { put, all } = await given(store, { a: 'é'.repeat(4), b: '1' })
      expect(await put({ a: 'x'.repeat(9) }, { maxBytes: 11 })).toBe('too_large')
      expect(await put({ a: 'x'.repeat(8) }, { maxBytes: 11 })).toBe('stored')
      expect(await put({ a: '', c: 'x'.repeat(7) }, { maxBytes: 11 })).toBe('stored')
      expect(await put({ a: 'x' }, { maxBytes: 11 })).toBe('too_large')
      expect(await all()).toEqual({ a: '', b: '1', c: 'x'.repeat(7) })
    },
  },
  {
    says: 'what is removed makes room',
    async check(store) {
      const { id, put } = await given(store, { a: '12345', b: 'é', c: '1' })
      const bounds = { maxAttributes: 3, maxBytes: 11 }
      await store.removeAttributes(id, ['b', 'nothing', 'b'], anyVersion)
      expect(await put({ d: '123' }, bounds)).toBe('too_large')
      expect(await put({ d: '12' }, bounds)).toBe('stored')
      expect(await put({ e: '' }, bounds)).toBe('too_many')
      await store.removeAttributes(id, 'all', anyVersion)
      expect(await put({ f: 'x'.repeat(11) }, bounds)).toBe('too_large')
      expect(await put({ f: 'x'.repeat(8), g: '', h: '' }, bounds)).toBe('stored')
    },
  },
  {
    says: 'a put that has too many attributes stores none of them',
    async check(store) {
      const { put, all, version } = await given(store, { a: '1' })
      expect(await put({ a: '2', b: '3', c: '4' }, { maxAttributes: 2 })).toBe('too_many')
      expect(await all()).toEqual({ a: '1' })
      expect(await version()).toBe(2)
    },
  },
  {
    says: 'a put that has too many bytes stores none of them',
    async check(store) {
      const { put, all, version } = await given(store, { a: '1' })
      expect(await put({ a: '2', b: '3', c: 'x'.repeat(99) }, { maxBytes: 100 })).toBe('too_large')
      expect(await all()).toEqual({ a: '1' })
      expect(await version()).toBe(2)
    },
  },
  {
    says: 'a put that was refused leaves the room that there was',
    async check(store) {
      const { put } = await given(store, { a: '1' })
      const bounds = { maxAttributes: 3, maxBytes: 6 }
      for (let i = 0; i < 5; i++) {
        expect(await put({ b: '2', c: '3', d: '4' }, { maxAttributes: 3 })).toBe('too_many')
        expect(await put({ b: 'x'.repeat(9) }, { maxBytes: 6 })).toBe('too_large')
      }
      expect(await put({ b: '2', c: '3' }, bounds)).toBe('stored')
    },
  },
  {
    says: 'bounds that are narrower than what is there refuse puts and let attributes be removed',
    async check(store) {
      const { id, put, all } = await given(store, { a: '1', b: '22', c: '333' })
      expect(await put({ a: '2' }, { maxAttributes: 2 })).toBe('too_many')
      expect(await put({ a: '2' }, { maxBytes: 8 })).toBe('too_large')
      await store.removeAttributes(id, ['c'], anyVersion)
      expect(await put({ a: '2' }, { maxAttributes: 2, maxBytes: 5 })).toBe('stored')
      expect(await all()).toEqual({ a: '2', b: '22' })
    },
  },
]
