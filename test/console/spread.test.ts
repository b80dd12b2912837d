import { expect, test } from 'bun:test'
import { spread } from '../../src/console/spread.ts'

test('a page waits at least as long as it should, and at most a share longer', () => {
  expect(spread(5_000, 1, () => 0)).toBe(5_000)
  expect(spread(5_000, 1, () => 0.5)).toBe(7_500)
  expect(spread(10_000, 0.2, () => 1)).toBe(12_000)
})
