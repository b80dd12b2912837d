import { z } from 'zod'
import { BUCKETS } from '../metrics/latency.ts'
import type { Millis } from '../store/store.ts'
import type { Step } from './step.ts'

/** What a node reports to the others. */
export interface Report {
  readonly startedAt: Millis
  readonly version: string
  /** The step in which the node sent this report. */
  readonly saidIn: number
  /** The latest steps that the node counted, by step number. */
  readonly steps: ReadonlyMap<number, Step>
}

const count = z.number().nonnegative()
/** Pairs of bucket and count. Zero counts are left out, since most are zero. */
const buckets = z.array(z.tuple([count, count]))
const measure = z.object({ at: count, took: count, sessions: count.nullable(), bytes: count.nullable() })
const step = z.tuple([count, count, count, count, count, buckets, buckets, measure.nullable()])
const report = z.object({
  format: z.literal(1),
  startedAt: count,
  version: z.string(),
  saidIn: count,
  steps: z.array(step),
})

/** Returns the report as text, a few KB at most. */
export function formatReport({ startedAt, version, saidIn, steps }: Report): string {
  const said: z.infer<typeof report> = {
    format: 1,
    startedAt,
    version,
    saidIn,
    steps: [...steps].map(([number, { requests, logins, failures, throttled, reads, writes, measure }]) => [
      ...([number, requests, logins, failures, throttled] as const),
      ...([pairsOf(reads), pairsOf(writes)] as const),
      measure,
    ]),
  }
  return JSON.stringify(said)
}

/** Parses a report. Returns null if this version of the program does not understand it. */
export function parseReport(text: string): Report | null {
  const said = report.safeParse(jsonOf(text))
  if (!said.success) return null
  const steps = said.data.steps.map(
    ([number, requests, logins, failures, throttled, reads, writes, measure]): [number, Step] => [
      number,
      { requests, logins, failures, throttled, reads: countsOf(reads), writes: countsOf(writes), measure },
    ],
  )
  const { startedAt, version, saidIn } = said.data
  return { startedAt, version, saidIn, steps: new Map(steps) }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const pairsOf = (counts: ArrayLike<number>) =>
  Array.from(counts, (count, bucket): [number, number] => [bucket, count]).filter(([, count]) => count > 0)

function countsOf(pairs: z.infer<typeof buckets>): ArrayLike<number> {
  const counts = new Float64Array(BUCKETS)
  for (const [bucket, count] of pairs) counts[bucket] = count
  return counts
}
