import { between, newChance } from './chance.ts'
import { type Damage, judge, type Kept } from './ledger.ts'
import { type Expecting, startClients, type Worked, type Working } from './node-load.ts'
import { type NodeWorld, openNodeWorld } from './node-world.ts'
import { type StoreName, sharedStores } from './shared.ts'
import { askToLogIn } from './wire.ts'

const CLIENTS = 10

/** Sessions that are remembered to be looked at again after every kill. */
const MOST_KNOWN = 150

/** Milliseconds after which a store that is not back is given up. */
const LONGEST_ABSENCE = 60_000

/** Where it is not the store that is killed, a busy machine is not taken for a store that is away. */
const PATIENT = '[redis]\ntimeout = "10s"\n[postgres]\ntimeout = "10s"\n'

/** What is killed. */
export type Victim = 'node' | 'store'

/** What some kills came to. */
export interface NodeTally {
  kills: number
  /** Writes that were answered: puts, ends, and no logins. */
  answered: number
  /** Requests that failed, those of the client that had most after one kill, and after how many milliseconds, at most. */
  failed: number
  mostFailed: number
  slowest: number
  /** Milliseconds from the kill of the store to the first login after it, at most. */
  absence: number
  /** Sessions that were compared with what was answered. */
  compared: number
  /** Sessions that had lost something, and how many of their answered puts; halves; sessions that had ended and live. */
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
  /** Told after each kill. */
  progress(done: number): void
}

/** Stores that may lose something, and those that are begun anew for each kill, since each has one failover. */
const ONCE: readonly StoreName[] = [
  'sentinel',
  'sentinel-waited',
  'sentinel-lagging',
  'sentinel-lagging-waited',
]
const LOSSY: readonly StoreName[] = ['redis-everysec', ...ONCE]

/** Kills nodes, or the store, so many times under load, and compares what is there afterwards with what was answered. */
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

/** One after the other. The other node goes on meanwhile, and nginx asks it what the dead one cannot answer any more. */
async function killNode(world: NodeWorld, round: number): Promise<Worked> {
  const node = round % world.count
  // A connection that nginx had to a node which dies is a 502 for what was sent on it already.
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

/** Stops the clients whatever happens, and says first what was answered wrongly: that is why the rest did not happen. */
async function during(working: Working, work: () => Promise<void>): Promise<Worked> {
  const outcome = await work().then(
    () => null,
    (error: unknown) => ({ error }),
  )
  const worked = await working.stop()
  if (outcome !== null) throw outcome.error
  return worked
}

/** Milliseconds since the kill. */
async function untilLoggedIn({ url }: NodeWorld, killedAt: number): Promise<number> {
  for (;;) {
    const { status } = await askToLogIn(url)
    if (status === 200) return Math.round(performance.now() - killedAt)
    if (status !== 503) throw new Error(`A login without a store was answered with ${status}.`)
    if (performance.now() - killedAt > LONGEST_ABSENCE) throw new Error('The store is not back.')
    await Bun.sleep(20)
  }
}

/** A busy machine may take longer for an answer than a store may, once or twice. */
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
      // An end that was not answered may still come: on Redis a sweep finishes what was begun.
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
  world.known = world.known.slice(-MOST_KNOWN)
}
