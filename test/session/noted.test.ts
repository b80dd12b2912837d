import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Noted } from '../../src/session/noted.ts'
import { idOf } from '../../src/session/token.ts'

const ids = Array.from({ length: 3_000 }, (_, i) => idOf(`token ${i}`))

test('what was noted is told as a map would tell it, the latest use of each id, however many there are', () => {
  const use = fc.tuple(fc.nat({ max: ids.length - 1 }), fc.nat({ max: 1e13 }))
  fc.assert(
    fc.property(fc.array(use, { maxLength: 5_000, size: 'max' }), (uses) => {
      const noted = new Noted(3)
      const expected = new Map<string, number>()
      for (const [i, usedAt] of uses) {
        const id = ids[i] ?? ''
        noted.note(id, usedAt)
        expected.set(id, Math.max(usedAt, expected.get(id) ?? 0))
      }
      expect(noted.count).toBe(expected.size)
      const all = Array.from({ length: noted.count }, (_, i) => [noted.idAt(i), noted.usedAtOf(i)] as const)
      expect(all).toEqual([...expected])
      for (const id of ids.slice(0, 50)) expect(noted.usedAt(id)).toBe(expected.get(id) ?? null)
    }),
    { numRuns: 30 },
  )
})

test('ids that begin alike are told apart, however little room there is at first', () => {
  const noted = new Noted(1)
  const alike = Array.from({ length: 100 }, (_, i) => 'x'.repeat(40) + String(i).padStart(3, '0'))
  for (const [i, id] of alike.entries()) noted.note(id, i + 1)
  expect(alike.map((id) => noted.usedAt(id))).toEqual(alike.map((_, i) => i + 1))
  expect(noted.usedAt('x'.repeat(43))).toBeNull()
})
