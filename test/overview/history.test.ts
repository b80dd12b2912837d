import { expect, test } from 'bun:test'
import { BUCKETS } from '../../src/metrics/latency.ts'
import { History, STEPS } from '../../src/overview/history.ts'

test('an hour of the busiest installation is less than 30 KB', () => {
  const history = new History()
  for (let i = 0; i < STEPS; i++) {
    const counts = Float64Array.from({ length: BUCKETS }, (_, bucket) => 1_000 + 37 * bucket + i)
    history.put(i, [
      {
        requests: 1_234_567 + i,
        ...{ logins: 1_234 + i, failures: 1_234 + i, throttled: 1_234 + i },
        ...{ reads: counts, writes: counts.toReversed() },
        measure: { at: i, took: 1, sessions: 10_000_000 + i, bytes: 123_456_789_012 + i },
      },
    ])
  }
  const curves = history.read(STEPS - 1)
  expect(JSON.stringify(curves).length).toBeLessThan(30_000)
  expect(curves.requests.at(-1)).toBe(123_492.6)
  expect(curves.bytes[0]).toBe(123_456_789_012)
})
