import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { BOUNDS, BUCKETS, bucketOf, quantileOf } from '../../src/metrics/latency.ts'

const millis = fc.double({ min: 0, max: 20_000, noNaN: true })

/** How many are in each bucket. */
function countsOf(all: readonly number[]): number[] {
  const counts = Array<number>(BUCKETS).fill(0)
  for (const each of all) counts[bucketOf(each)] = (counts[bucketOf(each)] as number) + 1
  return counts
}

describe('buckets', () => {
  test('go up from 50 µs to 10 s, each by two thirds at most', () => {
    expect(BOUNDS[0]).toBe(0.05)
    expect(BOUNDS.at(-1)).toBe(10_000)
    for (const [i, bound] of BOUNDS.slice(1).entries()) {
      expect(bound).toBeGreaterThan(BOUNDS[i] as number)
      expect(bound / (BOUNDS[i] as number)).toBeLessThan(1.7)
    }
  })

  test('what took just as long as a bound is in the bucket that ends there', () => {
    expect(BOUNDS.map(bucketOf)).toEqual(BOUNDS.map((_, i) => i))
    expect(bucketOf(10_000.001)).toBe(BUCKETS - 1)
    expect(bucketOf(Number.POSITIVE_INFINITY)).toBe(BUCKETS - 1)
  })

  test('each time is in the first bucket whose bound it does not exceed', () => {
    fc.assert(
      fc.property(millis, (each) => {
        const first = BOUNDS.findIndex((bound) => each <= bound)
        expect(bucketOf(each)).toBe(first === -1 ? BUCKETS - 1 : first)
      }),
    )
  })
})

describe('a quantile', () => {
  test('of nothing is none', () => {
    expect(quantileOf(0.99, Array<number>(BUCKETS).fill(0))).toBeNull()
  })

  test('is where the requests of its bucket, evenly spread, would have it', () => {
    // 100 requests between 1 and 1.5 ms: half of them within 1.25 ms.
    expect(quantileOf(0.5, countsOf(Array<number>(100).fill(1.2)))).toBeCloseTo(1.25, 9)
    // 99 of 100 are in the bucket up to 1.5 ms, and the last of these is at its end.
    expect(quantileOf(0.99, countsOf([...Array<number>(99).fill(1.2), 400]))).toBeCloseTo(1.5, 9)
  })

  test('beyond the last bound is that bound', () => {
    expect(quantileOf(0.5, countsOf([60_000, 70_000]))).toBe(10_000)
  })

  test('is in the bucket of the request that the same quantile of the exact times would name', () => {
    fc.assert(
      fc.property(
        fc.array(millis, { minLength: 1 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (all, q) => {
          const sorted = all.toSorted((a, b) => a - b)
          const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number
          const bucket = bucketOf(exact)
          const found = quantileOf(q, countsOf(all)) as number
          expect(found).toBeLessThanOrEqual(BOUNDS[bucket] ?? 10_000)
          expect(found).toBeGreaterThanOrEqual(bucket === 0 ? 0 : (BOUNDS[bucket - 1] as number))
        },
      ),
    )
  })
})
