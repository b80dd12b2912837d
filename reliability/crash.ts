import { readFlags } from './flags.ts'
import { runRounds } from './rounds.ts'
import { tableOf } from './table.ts'

/**
 * `npm run crash -- --rounds N [--seed S]`: exit code 1 if any answered write is lost, half there or alive
 * again.
 */
const { rounds, seed } = readFlags({
  rounds: { otherwise: 25, least: 1, most: 10_000 },
  seed: { otherwise: Date.now() % 1_000_000, least: 0, most: 2 ** 31 },
})
process.stdout.write(`${rounds} rounds with seed ${seed}\n`)
const startedAt = Date.now()
const tallies = await runRounds({
  rounds,
  seed,
  progress: (done) => {
    if (done % 25 === 0) process.stdout.write(`${done} rounds done\n`)
  },
})
const total = (of: 'rounds' | 'answered' | 'compared' | 'lost' | 'half' | 'revived') =>
  tallies.reduce((all, tally) => all + tally[of], 0)
const totals = {
  kind: 'all',
  rounds: total('rounds'),
  answered: total('answered'),
  compared: total('compared'),
  lost: total('lost'),
  half: total('half'),
  revived: total('revived'),
}
const rows = [...tallies, totals].map((each) => [
  each.kind,
  each.rounds,
  each.answered,
  each.compared,
  each.lost,
  each.half,
  each.revived,
])
process.stdout.write(
  tableOf([
    ['killed during', 'rounds', 'writes answered', 'sessions compared', 'lost', 'half', 'revived'],
    ...rows,
  ]),
)
process.stdout.write(`${Math.round((Date.now() - startedAt) / 1_000)} s\n`)
process.exit(totals.lost + totals.half + totals.revived === 0 ? 0 : 1)
