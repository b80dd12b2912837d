import { expect, test } from 'bun:test'
import { chartOf } from '../../reliability/chart.ts'
import { cannotMeasure } from '../../reliability/server.ts'
import { growthOf, missingOf, type Sample, soak } from '../../reliability/soaking.ts'

/** Milliseconds: sessions that are left alone end in this time. */
const DURATION = 5_000

const why = cannotMeasure === null ? '' : ` (skipped: ${cannotMeasure})`

test.skipIf(cannotMeasure !== null)(
  `under mixed load every answer is right, and nothing grows${why}`,
  async () => {
    const samples: Sample[] = []
    const seed = Math.floor(Math.random() * 1_000_000)
    const { counts, faults } = await soak({
      duration: DURATION,
      period: 500,
      seed,
      sampled: (sample) => void samples.push(sample),
    })
    expect({ seed, faults }).toEqual({ seed, faults: [] })
    for (const what of ['reads', 'puts', 'logins', 'logouts']) expect(counts.get(what)).toBeGreaterThan(0)
    expect(samples.length).toBeGreaterThan(6)
    for (const { rss, descriptors, file, wal } of samples)
      for (const value of [rss, descriptors, file, wal]) expect(value).toBeGreaterThan(0)
  },
)

test('what grows is found, whichever it is, and what swings is not', () => {
  const MIB = 1_048_576
  const flat = { rss: 100 * MIB, descriptors: 40, file: MIB, wal: 4 * MIB }
  const samples = (grown: (i: number) => object) =>
    Array.from({ length: 30 }, (_, i) => ({ seconds: i * 10, answers: i, ...flat, ...grown(i) }))
  expect(
    growthOf(
      samples(() => ({})),
      100,
    ),
  ).toEqual([])
  const swinging = (i: number) => ({ rss: (100 + (i % 5) * 8) * MIB, descriptors: 40 + (i % 7) })
  expect(growthOf(samples(swinging), 100)).toEqual([])
  const growing = [
    (i: number) => ({ rss: (100 + i * 5) * MIB }),
    (i: number) => ({ descriptors: 40 + i * 2 }),
    (i: number) => ({ file: i * MIB }),
    (i: number) => ({ wal: i * 2 * MIB }),
  ]
  for (const grown of growing) expect(growthOf(samples(grown), 100)).toHaveLength(1)
})

test('what never happened is found, and an end by time only where there was time for it', () => {
  const counts = new Map(
    ['reads', 'puts', 'deletes', 'infos', 'logins', 'logouts', 'guesses refused', 'left behind'].map(
      (what) => [what, 1],
    ),
  )
  expect(missingOf(counts, 5_000)).toEqual([])
  expect(missingOf(counts, 120_000)).toHaveLength(2)
  counts.delete('logouts')
  expect(missingOf(counts, 5_000)).toEqual([expect.stringContaining('logouts')])
})

test('the chart has a line for each of what is measured, with a point for every sample', () => {
  const samples = [0, 5, 10].map((seconds) => ({
    seconds,
    answers: seconds,
    rss: (seconds + 50) * 1_048_576,
    descriptors: 40,
    file: 0,
    wal: 1_048_576,
  }))
  const chart = chartOf(samples)
  const lines = [...chart.matchAll(/points="([^"]+)"/g)].map(([, points = '']) => points.split(' '))
  expect(lines.map(({ length }) => length)).toEqual([3, 3, 3, 3])
  const heights = lines.map((points) => points.map((point) => Number(point.split(',')[1])))
  const isFlat = heights.map((ys) => new Set(ys).size === 1)
  expect(isFlat).toEqual([false, true, true, true])
  expect(chart).toContain('10 seconds')
  expect(chart).not.toContain('NaN')
})
