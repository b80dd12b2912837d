/**
 * The longest that a request of each bucket may have taken, in milliseconds: 50 µs to 10 s, about six to each power of ten, so that a
 * quantile is known to within two thirds of itself. Round, since alerts compare with them. What took longer is in one more bucket.
 */
export const BOUNDS: readonly number[] = [
  0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300,
  500, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 7_000, 10_000,
]

/** All buckets, with the one beyond the last bound. */
export const BUCKETS = BOUNDS.length + 1

/** An array of numbers and no list: every request looks here. */
const bounds = new Float64Array(BOUNDS)

/** The bucket, counted from 0, of a request that took so many milliseconds. */
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
 * The time, in milliseconds, within which the share `q` (0 to 1) of the requests was answered, from how many are in each bucket; null:
 * there are none. Within a bucket they count as evenly spread, and whatever is beyond the last bound as if it had taken just so long, as
 * `histogram_quantile` of Prometheus has it.
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
