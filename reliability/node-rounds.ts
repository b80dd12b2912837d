import { between, newChance } from './chance.ts'
import { type Damage, judge, type Kept } from './ledger.ts'
import { type Expecting, startClients, type Worked, type Working } from './node-load.ts'
import { type NodeWorld, openNodeWorld } from './node-world.ts'
import { type StoreName, sharedStores } from './shared.ts'
import { askToLogIn } from './wire.ts'

const CLIENTS = 10

/** How many sessions are checked again after every kill. */
const MAX_KNOWN = 150

/** Milliseconds after which a store that does not come back counts as lost. */
const MAX_ABSENCE_MS = 60_000

/** Long timeouts, so that a busy machine does not look like an unavailable store when a node is killed. */
const PATIENT = '[redis]\ntimeout = "10s"\n[postgres]\ntimeout = "10s"\n'

/** What is killed. */
export type Victim = 'node' | 'store'

/** The results of several kills. */
export interface NodeTally {
  kills: number
  /** Answered writes: puts and ends, but no logins. */
  answered: number
  /**
   * Failed requests of the client with the most after one kill, and the longest time until one failed, in
   * milliseconds.
   */
  failed: number
  mostFailed: number
  slowest: number
  /** The longest time from a store's kill to the first login after it, in milliseconds. */
  absence: number
  /** Sessions that were compared with what was answered. */
  compared: number
  /**
   * Sessions with a loss, and how many of their answered puts; half-written sessions; ended sessions that
   * live.
   */
  lost: number
  lostPuts: number
  half: number
  revived: number
}

interface Running {
  readonly store: StoreName
  readonly victim: Victim
  readonly rounds: number
  readonly seed: number
  /** Called after each kill. */
  progress(done: number): void
}

/**
 * Stores that may lose something, and stores that are started afresh for each kill, since each has one
 * failover.
 */
const ONCE: readonly StoreName[] = [
  'sentinel',
  'sentinel-waited',
  'sentinel-lagging',
  'sentinel-lagging-waited',
]
const LOSSY: readonly StoreName[] = ['redis-everysec', ...ONCE]

/**
 * Kills nodes or the store under load, `rounds` times, and compares the data afterwards with what was
 * answered.
 */
export async function runNodeRounds({ store, victim, rounds, seed, progress }: Running): Promise<NodeTally> {
  const tally = newTally()
  const chance = newChance(seed)
  const isOnce = victim === 'store' && ONCE.includes(store)
  const halts = victim === 'store' && LOSSY.includes(store)
  for (let done = 0; done < rounds; ) {
    await using shared = await sharedStores[store]()
    await using world = await openNodeWorld(shared, chance, victim === 'node' ? PATIENT : shared.toml)
    do {
      const worked = await (victim === 'node' ? killNode(world, done) : killStore(world, halts, tally))
      await compare(world, worked, tally)
      progress(++done)
    } while (!isOnce && done < rounds)
  }
  return tally
}

const newTally = (): NodeTally => ({
  kills: 0,
  answered: 0,
  failed: 0,
  mostFailed: 0,
  slowest: 0,
  absence: 0,
  compared: 0,
  lost: 0,
  lostPuts: 0,
  half: 0,
  revived: 0,
})

const waitAWhile = ({ chance }: NodeWorld, least: number, most: number) =>
  Bun.sleep(between(chance, least, most))

/** One after the other. Meanwhile the other node goes on, and nginx sends it the requests of the dead one. */
async function killNode(world: NodeWorld, round: number): Promise<Worked> {
  const node = round % world.count
  // If a node dies, nginx answers 502 for what it had already sent to that node.
  const working = startClients(world, CLIENTS, { excused: [502], halts: false })
  return during(working, async () => {
    await working.allWrite()
    await waitAWhile(world, 20, 300)
    await world.kill(node)
    await working.allWrite()
    await waitAWhile(world, 0, 200)
    await world.start(node)
    await world.asked(node)
    await working.allWrite()
  })
}

async function killStore(world: NodeWorld, halts: boolean, tally: NodeTally): Promise<Worked> {
  const expecting: Expecting = { excused: [503], halts }
  const working = startClients(world, CLIENTS, expecting)
  return during(working, async () => {
    await working.allWrite()
    world.shared.lag?.()
    await waitAWhile(world, 100, halts ? 1_500 : 400)
    const killedAt = performance.now()
    await world.shared.kill()
    await Promise.all([
      untilLoggedIn(world, killedAt).then((absence) => {
        tally.absence = Math.max(tally.absence, absence)
      }),
      waitAWhile(world, 0, 300).then(world.shared.start),
    ])
    for (let node = 0; node < world.count; node++) await world.asked(node)
    if (!halts) await working.allWrite()
  })
}

/** Stops the clients in any case. Throws first if an answer was wrong: that explains why the rest failed. */
async function during(working: Working, work: () => Promise<void>): Promise<Worked> {
  const outcome = await work().then(
    () => null,
    (error: unknown) => ({ error }),
  )
  const worked = await working.stop()
  if (outcome !== null) throw outcome.error
  return worked
}

/** Returns the milliseconds since the kill. */
async function untilLoggedIn({ url }: NodeWorld, killedAt: number): Promise<number> {
  for (;;) {
    const { status } = await askToLogIn(url)
    if (status === 200) return Math.round(performance.now() - killedAt)
    if (status !== 503) throw new Error(`A login without a store was answered with ${status}.`)
    if (performance.now() - killedAt > MAX_ABSENCE_MS) throw new Error('The store is not back.')
    await Bun.sleep(20)
  }
}

/** On a busy machine a response may take longer than the store's timeout, once or twice. */
async function judgeSoon(url: string, kept: Kept): Promise<Damage> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await judge(url, kept)
    } catch (error) {
      if (attempt === 20) throw error
      await Bun.sleep(100)
    }
  }
}

async function compare(world: NodeWorld, worked: Worked, tally: NodeTally): Promise<void> {
  const found = await Promise.all(
    world.known.map(async (kept) => {
      const { answered: before, end } = kept
      const damage = await judgeSoon(world.url, kept)
      // An unanswered end may still take effect: on Redis a sweep completes what was begun.
      if (end === 'sent' && kept.end === 'none') kept.end = 'sent'
      const isGone = damage.lost > 0 && kept.end === 'answered'
      return { ...damage, lostPuts: isGone ? before : Math.max(0, before - kept.answered) }
    }),
  )
  for (const damage of found) {
    for (const what of ['lost', 'lostPuts', 'half', 'revived'] as const) tally[what] += damage[what]
  }
  tally.kills++
  tally.compared += found.length
  tally.answered += worked.answered
  tally.failed += worked.failed
  tally.mostFailed = Math.max(tally.mostFailed, worked.mostFailed)
  tally.slowest = Math.max(tally.slowest, worked.slowest)
  world.known = world.known.slice(-MAX_KNOWN)
}
