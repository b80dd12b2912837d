import { Database } from 'bun:sqlite'
import { newChance } from './chance.ts'
import { comeAndGo, guess, IDLE, LIFETIME, type Load, useSession } from './load.ts'
import { openBeside, seed } from './seed.ts'
import { type Measured, startObserved } from './server.ts'

/** The state of the server at one moment of a soak. */
export interface Sample extends Measured {
  readonly seconds: number
  /** Answers so far. */
  readonly answers: number
}

export interface Soaked {
  readonly counts: ReadonlyMap<string, number>
  /** What went wrong; empty if nothing did. */
  readonly faults: readonly string[]
}

interface Soaking {
  /** In milliseconds. */
  readonly duration: number
  readonly period: number
  readonly seed: number
  sampled(sample: Sample): void
}

const CLIENTS = 16
const VISITORS = 3

/** All clients have one address, so one client's wrong guesses must not lock the others out. */
const SETTINGS = `
session = { idle = "${IDLE}ms", lifetime = "${LIFETIME}ms" }
login = { user-attempts = 50, address-attempts = 1000000 }
`

/** Sessions that ended an hour ago, added every second so that every sweep, once a minute, has work. */
const LEFT_BEHIND = 40
const HOUR = 3_600_000

/** When a sweep must have deleted what was due: a round per minute, plus the time of the round. */
const MAX_SWEEP_DELAY_MS = 90_000

/** How long the server keeps the rest of an ended session, and its largest size in the file, in bytes. */
const KEPT_AFTER_END_MS = 10 * 60_000
const SESSION_SIZE = 1_536

const MIB = 1_048_576

/**
 * Runs a server under mixed load, checks every answer, and measures what it uses. Sessions live for seconds,
 * so that they expire and are swept all the time.
 */
export async function soak({ duration, period, seed: number, sampled }: Soaking): Promise<Soaked> {
  await using server = await startObserved({
    toml: SETTINGS,
  })
  const load: Load = {
    url: server.url,
    chance: newChance(number),
    isOver: false,
    counts: new Map(),
    wrong: [],
  }
  const clients = [
    ...Array.from({ length: CLIENTS }, () => useSession(load)),
    ...Array.from({ length: VISITORS }, (_, i) => comeAndGo(load, i)),
    guess(load),
    leaveBehind(load, server.database),
  ].map((client) => client.catch((error: unknown) => void load.wrong.push(String(error))))

  const samples: Sample[] = []
  const startedAt = Date.now()
  const total = () => [...load.counts.values()].reduce((sum, each) => sum + each, 0)
  while (Date.now() - startedAt < duration && load.wrong.length === 0) {
    await Bun.sleep(Math.min(period, duration - (Date.now() - startedAt)))
    const sample = {
      seconds: Math.round((Date.now() - startedAt) / 1_000),
      answers: total(),
      ...server.measure(),
    }
    samples.push(sample)
    sampled(sample)
  }
  load.isOver = true
  await Promise.all(clients)
  const overdue = countOverdue(server.database)
  const code = await server.stop()
  const faults = [
    ...load.wrong,
    ...missingOf(load.counts, duration),
    ...growthOf(samples, load.counts.get('logins') ?? 0),
  ]
  if (overdue > 0) faults.push(`${overdue} sessions that were due for the sweep are still there.`)
  if (code !== 0) faults.push(`The server stopped with ${code}.`)
  return { counts: load.counts, faults }
}

/** Adds ended sessions like another process would, whose commits the server must notice. */
async function leaveBehind(load: Load, database: string): Promise<void> {
  const store = await openBeside(database)
  while (!load.isOver) {
    const now = Date.now()
    const [count, attributes] = [LEFT_BEHIND, { left: 'over'.repeat(60) }]
    await seed(store, { count, beganAt: now - 2 * HOUR, endsAt: now - HOUR, attributes })
    load.counts.set('left behind', (load.counts.get('left behind') ?? 0) + count)
    await Bun.sleep(1_000)
  }
  await store.close()
}

/**
 * Counts sessions, and ids of ended ones, that are still in the file although they should have been swept
 * long ago.
 */
function countOverdue(database: string): number {
  const db = new Database(database, { readonly: true })
  try {
    const now = Date.now()
    const due = now - KEPT_AFTER_END_MS - MAX_SWEEP_DELAY_MS
    const [[overdue]] = db
      .query(
        // These sessions were due when they were added, an hour after their end.
        `SELECT (SELECT count(*) FROM ended WHERE ended_at < ?1)
              + (SELECT count(*) FROM sessions WHERE ends_at < ?1 AND began_at > ?2)
              + (SELECT count(*) FROM sessions WHERE ends_at < ?2 - ?3)`,
      )
      .values(due, now - HOUR, MAX_SWEEP_DELAY_MS) as [[number]]
    return overdue
  } finally {
    db.close()
  }
}

/** What must happen in every soak, and in one that is long enough for sessions to expire. */
const ALWAYS = ['reads', 'puts', 'deletes', 'infos', 'logins', 'logouts', 'guesses refused', 'left behind']
const IN_TIME = ['ends by idleness', 'ends by lifetime']

/** Returns what never happened and so was not tested. */
export function missingOf(counts: ReadonlyMap<string, number>, duration: number): string[] {
  const expected = duration > 2 * LIFETIME ? [...ALWAYS, ...IN_TIME] : ALWAYS
  return expected.filter((what) => (counts.get(what) ?? 0) === 0).map((what) => `There were no ${what}.`)
}

/**
 * Returns what grew but should not. Compares the last third with the middle one, since the first is the
 * warm-up.
 */
export function growthOf(samples: readonly Sample[], logins: number): string[] {
  const third = Math.floor(samples.length / 3)
  if (third === 0) return []
  // The median, since garbage collection makes memory swing.
  const usual = (of: keyof Measured, from: number) =>
    samples
      .slice(from, from + third)
      .map((sample) => sample[of])
      .toSorted((a, b) => a - b)[Math.floor(third / 2)] ?? 0
  const faults: string[] = []
  const limit = (of: keyof Measured, most: number) => {
    const last = usual(of, samples.length - third)
    if (last > most) faults.push(`${of} grew to ${last}; at most ${Math.round(most)} was to be expected.`)
  }
  limit('rss', usual('rss', third) * 1.1 + 24 * MIB)
  limit('descriptors', usual('descriptors', third) + 16)
  limit('wal', 32 * MIB)
  const seconds = samples.at(-1)?.seconds ?? 0
  const kept = LEFT_BEHIND * Math.min(seconds, (2 * MAX_SWEEP_DELAY_MS) / 1_000)
  const recent = (logins * Math.min(1, (KEPT_AFTER_END_MS + MAX_SWEEP_DELAY_MS) / (seconds * 1_000))) | 0
  limit('file', 2 * MIB + SESSION_SIZE * (kept + recent))
  return faults
}
