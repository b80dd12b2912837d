/**
 * Upper bounds of the buckets, in milliseconds: 50 µs to 10 s, about 6 per power of ten, so that a quantile
 * is known to within two thirds of itself. The bounds are round numbers because alerts compare with them. One
 * more bucket holds slower requests.
 */
export const BOUNDS: readonly number[] = [
  0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300,
  500, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000,
]

/** The number of buckets, including the one beyond the last bound. */
export const BUCKETS = BOUNDS.length + 1

/** A typed array, since every request searches it. */
const bounds = new Float64Array(BOUNDS)

/** Returns the 0-based bucket of a request that took `millis` milliseconds. */
export function bucketOf(millis: number): number {
  let low = 0
  let high = bounds.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (millis <= (bounds[middle] as number)) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * Returns the time, in milliseconds, within which the share `q` (0 to 1) of the requests was answered; null
 * if there were none. Like `histogram_quantile` of Prometheus, it takes requests as evenly spread within a
 * bucket, and returns the last bound for those beyond it.
 */
export function quantileOf(q: number, counts: ArrayLike<number>): number | null {
  const all = Array.from(counts)
  const total = all.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const rank = q * total
  let below = 0
  for (const [bucket, count] of all.entries()) {
    const upper = BOUNDS[bucket]
    if (upper === undefined) break
    if (count > 0 && below + count >= rank) {
      const lower = BOUNDS[bucket - 1] ?? 0
      return lower + (upper - lower) * ((rank - below) / count)
    }
    below += count
  }
  return BOUNDS.at(-1) ?? null
}
