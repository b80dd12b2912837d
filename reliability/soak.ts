import { writeFileSync } from 'node:fs'
import { chartOf } from './chart.ts'
import { readFlags } from './flags.ts'
import { type Sample, soak } from './soaking.ts'
import { tableOf } from './table.ts'

/**
 * `npm run soak -- --minutes N [--seed S] [--chart FILE]`: exit code 1 if an answer was wrong or something
 * grew.
 */
const { minutes, seed, chart } = readFlags(
  {
    minutes: { otherwise: 2, least: 1, most: 24 * 60 },
    seed: { otherwise: Date.now() % 1_000_000, least: 0, most: 2 ** 31 },
  },
  ['chart'],
)

/** Rows of the table. A longer soak has larger intervals between them. */
const ROWS = 60

const MIB = 1_048_576
const mebibytes = (bytes: number) => Math.round((bytes / MIB) * 10) / 10

process.stdout.write(`${minutes} minutes with seed ${seed}\n`)
const duration = minutes * 60_000
const samples: Sample[] = []
const { counts, faults } = await soak({
  duration,
  period: Math.max(5_000, duration / ROWS),
  seed,
  sampled: (sample) => void samples.push(sample),
})
process.stdout.write(
  tableOf([
    ['seconds', 'answers', 'RSS, MiB', 'descriptors', 'file, MiB', 'log, MiB'],
    ...samples.map(({ seconds, answers, rss, descriptors, file, wal }) => [
      seconds,
      answers,
      mebibytes(rss),
      descriptors,
      mebibytes(file),
      mebibytes(wal),
    ]),
  ]),
)
process.stdout.write(tableOf([['what', 'answered rightly'], ...counts]))
if (chart !== null) writeFileSync(chart, chartOf(samples))
process.stdout.write(
  faults.length === 0 ? 'Nothing was wrong, and nothing grew.\n' : `${faults.join('\n')}\n`,
)
process.exit(faults.length === 0 ? 0 : 1)
