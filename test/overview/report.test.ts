import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { BUCKETS } from '../../src/metrics/latency.ts'
import { formatReport, parseReport, type Report } from '../../src/overview/report.ts'
import type { Step } from '../../src/overview/step.ts'

const count = fc.nat({ max: 10_000_000 })
const buckets = fc
  .array(count, { minLength: BUCKETS, maxLength: BUCKETS })
  .map((all) => new Float64Array(all))
const measure = fc.record({
  at: count,
  took: count,
  sessions: fc.option(count),
  bytes: fc.option(fc.nat({ max: 2 ** 40 })),
})
const step: fc.Arbitrary<Step> = fc.record({
  requests: count,
  logins: count,
  failures: count,
  throttled: count,
  reads: buckets,
  writes: buckets,
  measure: fc.option(measure),
})
const report: fc.Arbitrary<Report> = fc.record({
  startedAt: count,
  version: fc.string(),
  saidIn: count,
  steps: fc
    .uniqueArray(fc.tuple(count, step), { selector: ([number]) => number, maxLength: 6 })
    .map((steps) => new Map(steps)),
})

test('what a node tells is what the others hear', () => {
  fc.assert(
    fc.property(report, (said) => {
      expect(parseReport(formatReport(said))).toEqual(said)
    }),
  )
})

test('what a node tells is a few KB, however busy it is', () => {
  // 100,000 requests a second, spread over every bucket that there is.
  const busy = new Float64Array(BUCKETS).fill(1_000_000 / 2 / BUCKETS)
  const measured = { at: 1_900_000_000_000, took: 1_000, sessions: 10_000_000, bytes: 100_000_000_000 }
  const counts = { requests: 1_000_000, logins: 10_000, failures: 10_000, throttled: 10_000 }
  const steps = Array.from({ length: 6 }, (_, i): [number, Step] => [
    190_000_000 + i,
    { ...counts, reads: busy.map(Math.round), writes: busy.map(Math.round), measure: measured },
  ])
  const text = formatReport({ startedAt: measured.at, version: '10.10.10', saidIn: 1, steps: new Map(steps) })
  expect(text.length).toBeLessThan(6_000)
})
