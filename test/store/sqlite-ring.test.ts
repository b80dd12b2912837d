import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { idOf } from '../../src/session/token.ts'
import { NOTHING, unpack, withValues } from '../../src/store/sqlite/packed.ts'
import { newRing } from '../../src/store/sqlite/ring.ts'

/** Few enough to be written over many times, and in few lists, so that ids share them. */
const ROOM = 4_096

/** Some that begin alike, and so are in one list. */
const ids = [...Array.from({ length: 6 }, (_, i) => idOf(`${i}`)), 'A'.repeat(43), `${'A'.repeat(42)}B`]

const sessionOf = (id: string, n: number) => ({
  id,
  uname: n % 3 === 0 ? 'żółw' : 'ada',
  beganAt: n,
  usedAt: n + 1,
  endsAt: n + 5,
  latestEndsAt: n + 2_000,
  version: n,
})

type Ring = ReturnType<typeof newRing>
type Hot = NonNullable<ReturnType<Ring['find']>>

/** What is done to a ring and to a map of what it should have, the `n`th of several steps. */
type Step = (ring: Ring, known: Map<string, Hot>, n: number) => void

const add =
  (id: string, size: number): Step =>
  (ring, known, n) => {
    const hot = { n, ...sessionOf(id, n), packed: withValues(NOTHING, [['k', 'ä'.repeat(size)]]) }
    ring.add(hot)
    known.set(id, hot)
    expect(ring.find(id)).toEqual(hot)
    expect(ring.numberOf(id)).toBe(n)
  }

const touch =
  (id: string): Step =>
  (ring, known, n) => {
    const use = { id, usedAt: n + 2, endsAt: n + 5_000 }
    ring.touch(use, n)
    const hot = known.get(id)
    if (hot === undefined || hot.endsAt <= n) return
    const usedAt = Math.max(hot.usedAt, use.usedAt)
    const endsAt = Math.max(hot.endsAt, Math.min(use.endsAt, hot.latestEndsAt))
    known.set(id, { ...hot, usedAt, endsAt })
  }

const remove =
  (id: string): Step =>
  (ring, known) => {
    ring.remove(id)
    known.delete(id)
  }

const clear: Step = (ring, known) => {
  ring.clear()
  known.clear()
}

const anyId = fc.constantFrom(...ids)
const anyStep = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(anyId, fc.nat({ max: 900 })).map(([id, size]) => add(id, size)) },
  { weight: 1, arbitrary: anyId.map(touch) },
  { weight: 1, arbitrary: anyId.map(remove) },
  { weight: 1, arbitrary: fc.constant(clear) },
)

test('a ring has what was added last of an id or nothing, and never anything older or of another', () => {
  let found = 0
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 60, size: 'max' }), (steps) => {
      const ring = newRing(ROOM)
      const known = new Map<string, Hot>()
      for (const [n, step] of steps.entries()) {
        step(ring, known, n)
        const here = ids.map((id) => [ring.find(id), known.get(id)]).filter(([hot]) => hot !== null)
        for (const [hot, expected] of here) expect(hot).toEqual(expected)
        found += here.length
      }
    }),
    { numRuns: 200 },
  )
  expect(found).toBeGreaterThan(1_000)
})

test('attributes as one text are the attributes that were put, whatever characters they have', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 6 }).map((each) => each.replaceAll('\0', ''))
  const key = text.filter((each) => each !== '')
  fc.assert(
    fc.property(fc.array(fc.tuple(key, text), { maxLength: 12 }), (pairs) => {
      const packed = pairs.reduce((before, pair) => withValues(before, [pair]), NOTHING)
      expect(unpack(packed)).toEqual(new Map(pairs))
    }),
  )
})
