import { readFlags } from './flags.ts'
import { runNodeRounds } from './node-rounds.ts'
import { type StoreName, sharedStores } from './shared.ts'
import { tableOf } from './table.ts'

/**
 * `npm run nodes -- --store NAME --kill node|store --rounds N [--seed S]`: exit code 1 if a client got a
 * wrong answer, a session is half there or alive again, or a store lost an answered write that it promises to
 * keep.
 */
const { rounds, seed, ...texts } = readFlags(
  {
    rounds: { otherwise: 10, least: 1, most: 10_000 },
    seed: { otherwise: Date.now() % 1_000_000, least: 0, most: 2 ** 31 },
  },
  ['store', 'kill'],
)
const stores = Object.keys(sharedStores) as StoreName[]
const store = stores.find((name) => name === (texts.store ?? 'redis'))
const victim = (['node', 'store'] as const).find((name) => name === (texts.kill ?? 'node'))
if (store === undefined || victim === undefined) {
  process.stderr.write(`--store must be one of ${stores.join(', ')}; --kill must be node or store.\n`)
  process.exit(2)
}

process.stdout.write(`${rounds} kills of a ${victim} on ${store} with seed ${seed}\n`)
const startedAt = Date.now()
const tally = await runNodeRounds({
  store,
  victim,
  rounds,
  seed,
  progress(done) {
    if (done % 10 === 0)
      process.stdout.write(`${done} kills after ${Math.round((Date.now() - startedAt) / 1_000)} s\n`)
  },
})
process.stdout.write(tableOf([['what', 'how many'], ...Object.entries(tally)]))
process.stdout.write(`${Math.round((Date.now() - startedAt) / 1_000)} s\n`)
const mayLose = victim === 'store' && ['redis-everysec', 'sentinel', 'sentinel-lagging'].includes(store)
const harm = tally.half + tally.revived * Number(!mayLose) + (mayLose ? 0 : tally.lost)
process.exit(harm + (victim === 'node' ? Math.max(0, tally.mostFailed - 1) : 0) === 0 ? 0 : 1)
