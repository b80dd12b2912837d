import { openPlace } from '../test/support/process.ts'
import { newChance } from './chance.ts'
import { kinds } from './kinds.ts'
import { type Damage, judge, type Kept } from './ledger.ts'
import { type Found, type Kind, requireDone, type World } from './world.ts'

type KindName = keyof typeof kinds

/** Most rounds are plain writes, as in real use. */
const ORDER: readonly KindName[] = [
  'write',
  'login',
  'write',
  'invalidate',
  'write',
  'sweep',
  'start',
  'write',
  'migration',
  'backup',
]

/** How many sessions are checked again after every kill. */
const MAX_LIVE = 80
const MOST_ENDED = 160

/** Milliseconds that one round may take on a busy machine. */
const MAX_ROUND_MS = 60_000

/** The results of all rounds of one kind. */
export interface Tally extends Damage {
  readonly kind: KindName
  rounds: number
  /** Answered writes: puts, logins and ends. */
  answered: number
  /** Sessions that were compared with what was answered, after the restarts. */
  compared: number
}

export interface Running {
  readonly rounds: number
  readonly seed: number
  /** Called after each round. */
  progress(done: number): void
}

/** Kills a server `rounds` times during various work, and compares its data with what it had answered. */
export async function runRounds({ rounds, seed, progress }: Running): Promise<readonly Tally[]> {
  await using place = openPlace()
  const world: World = {
    place,
    chance: newChance(seed),
    server: await place.serve(),
    live: [],
    ended: [],
    answered: 0,
  }
  const tallies = new Map<KindName, Tally>()
  for (let round = 0; round < rounds; round++) {
    const kind = ORDER[round % ORDER.length] ?? 'write'
    const tally = tallies.get(kind) ?? newTally(kind)
    tallies.set(kind, tally)
    await withinTime(runRound(world, kinds[kind], tally), `Round ${round} (${kind})`)
    progress(round + 1)
  }
  return [...tallies.values()]
}

const newTally = (kind: KindName): Tally => ({
  kind,
  rounds: 0,
  answered: 0,
  compared: 0,
  lost: 0,
  half: 0,
  revived: 0,
})

async function runRound(world: World, kind: Kind, tally: Tally): Promise<void> {
  world.answered = 0
  const own = await kind(world)
  world.server.kill('SIGKILL')
  await world.server.ended
  await requireDone(world.place, ['check', '--deep'])
  world.server = await world.place.serve()
  const known = [...world.live, ...world.ended]
  add(tally, own)
  for (const damage of await Promise.all(known.map((kept) => judge(world.server.url, kept))))
    add(tally, damage)
  tally.rounds++
  tally.answered += world.answered
  tally.compared += known.length
  const isEnded = ({ end }: Kept) => end === 'answered'
  world.live = known.filter((kept) => !isEnded(kept)).slice(-MAX_LIVE)
  world.ended = known.filter(isEnded).slice(-MOST_ENDED)
}

function add(tally: Tally, { lost = 0, half = 0, revived = 0, compared = 0 }: Partial<Found>): void {
  tally.lost += lost
  tally.half += half
  tally.revived += revived
  tally.compared += compared
}

async function withinTime(work: Promise<void>, what: string): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Error(`${what} took longer than ${MAX_ROUND_MS / 1_000} s.`)),
    MAX_ROUND_MS,
  )
  try {
    await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
