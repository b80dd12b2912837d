import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import type { Answer, Bench, Goal } from './bench.ts'
import { type Cloakroom, MAIN, startCloakroom } from './cloakroom.ts'
import { type Spread, spreadOf } from './compare.ts'
import { loadOf } from './contender.ts'
import { rawRequest, type Seen, send } from './load.ts'
import { run } from './process.ts'
import { databaseIn, PASSWORD } from './seed.ts'
import { USERS, unameOf, writeRecords } from './sessions.ts'
import { count, micros, times } from './words.ts'

/**
 * Longest pause of a connection between its requests, in milliseconds: 32 of them then send about 3,000
 * requests a second.
 */
const MAX_PAUSE_MS = 20

/** Clients that log in at once. */
const STORM_CLIENTS = 8

/** What disturbs the reads, with its name in the tables. */
type Disturbance = (server: Cloakroom, bench: Bench, isOver: () => boolean) => Promise<string>

/** Do reads stay fast during a storm of logins, a sweep of ended sessions, and a backup? */
export async function calm(bench: Bench): Promise<Answer> {
  const { size } = bench
  const cases: Case[] = []
  bench.say('measures: reads while logins storm, and while backups run')
  {
    const folder = bench.folder()
    const { data } = await bench.seeded({ count: size.scales.at(-1) ?? 0, attributes: 2 })
    await using server = await startCloakroom({ folder, data, count: size.scales.at(-1) ?? 0 })
    await send(loadOf(server, 'one'), { seconds: size.seconds })
    const storm = newCase('logins storm (argon2id)')
    const backup = newCase('a backup runs')
    cases.push(storm, backup)
    for (let round = 0; round < size.rounds; round++) {
      for (const [each, disturb] of [
        [storm, logIns],
        [backup, backUps],
      ] as const) {
        each.quiet.push(await reads(server, bench))
        each.disturbed.push(await whileDoing(disturb, server, bench, each))
      }
    }
  }
  bench.say('measures: reads while ended sessions are swept')
  cases.push(await whileSweeping(bench))
  return {
    title: 'Reads while something else goes on',
    how:
      `32 connections that read one attribute of a random session and then pause for 0 to ${MAX_PAUSE_MS} ms, with and without the disturbance in turns. ` +
      'Latencies are those of the reads.',
    columns: ['while', 'quiet p50', 'quiet p99', 'p50', 'p99', 'p99 against quiet', 'spread', 'what went on'],
    rows: cases.map((each) => {
      const median = (seen: readonly Seen[], of: 'p50' | 'p99') =>
        micros(spreadOf(seen.map((s) => s[of])).median)
      const ratio = ratioOf(each)
      return [
        each.name,
        median(each.quiet, 'p50'),
        median(each.quiet, 'p99'),
        median(each.disturbed, 'p50'),
        median(each.disturbed, 'p99'),
        times(ratio.median),
        `${times(ratio.least)} to ${times(ratio.most)}`,
        each.went,
      ]
    }),
    goals: cases.map((each): Goal => {
      const { median, least, most } = ratioOf(each)
      return {
        question: `p99 of reads while ${each.name}, against quiet`,
        goal: 'at most 2',
        measured: median,
        limit: 2,
        shown: `${times(median)} (${times(least)} to ${times(most)})`,
      }
    }),
    bars: null,
    started: [
      `wrk -t1 -c32 … with pauses of 0 to ${MAX_PAUSE_MS} ms; wrk -t1 -c${STORM_CLIENTS} …/z_security_check; cloakroom backup FILE`,
    ],
  }
}

interface Case {
  readonly name: string
  readonly quiet: Seen[]
  readonly disturbed: Seen[]
  /** What went on in the last round, in words. */
  went: string
}

const newCase = (name: string): Case => ({ name, quiet: [], disturbed: [], went: '' })

const ratioOf = ({ quiet, disturbed }: Case): Spread =>
  spreadOf(disturbed.map(({ p99 }, i) => p99 / (quiet[i]?.p99 ?? Number.NaN)))

const reads = (server: Cloakroom, { size }: Bench): Promise<Seen> =>
  send(loadOf(server, 'one'), { seconds: size.seconds, pause: MAX_PAUSE_MS })

async function whileDoing(disturb: Disturbance, server: Cloakroom, bench: Bench, each: Case): Promise<Seen> {
  let isOver = false
  const disturbing = disturb(server, bench, () => isOver)
  const seen = await reads(server, bench)
  isOver = true
  each.went = await disturbing
  return seen
}

const logIns: Disturbance = async ({ port }, bench) => {
  const request = rawRequest(
    'POST /z_security_check',
    { Accept: 'application/json' },
    {
      type: 'application/x-www-form-urlencoded',
      text: `z_username={1}&z_password=${encodeURIComponent(PASSWORD)}`,
      widths: [unameOf(0).length],
    },
  )
  const records = await writeRecords(bench.folder(), USERS, (i) => [unameOf(i)])
  const { perSecond } = await send(
    { port, records, request },
    { seconds: bench.size.seconds, connections: STORM_CLIENTS },
  )
  return `${count(perSecond)} logins/s by ${STORM_CLIENTS} clients`
}

const backUps: Disturbance = async (server, bench, isOver) => {
  const folder = bench.folder()
  let made = 0
  do {
    await run([process.execPath, MAIN, 'backup', join(folder, `${made}.db`), '--data', server.data])
    rmSync(join(folder, `${made}.db`))
    made++
  } while (!isOver())
  return `${count(server.records.count)} sessions backed up, ${made === 1 ? 'once' : `${count(made)} times in a row`}`
}

/**
 * The server sweeps right after its start. Each round has a copy of the same sessions, with and without ended
 * ones.
 */
async function whileSweeping(bench: Bench): Promise<Case> {
  const { size } = bench
  const each = newCase(`${count(size.swept)} ended sessions are swept`)
  const quiet = await bench.seeded({ count: size.sessions, attributes: 2 })
  const full = await bench.seeded({ count: size.sessions, attributes: 2, ended: size.swept })
  for (let round = 0; round < Math.min(size.rounds, 5); round++) {
    each.quiet.push(await readCopy(bench, quiet.data, () => Promise.resolve()))
    each.disturbed.push(
      await readCopy(bench, full.data, async (data) => {
        each.went = (await isSwept(data)) ? 'the sweep had ended before' : 'the sweep outlasted every round'
      }),
    )
  }
  return each
}

async function readCopy(bench: Bench, from: string, after: (data: string) => Promise<void>): Promise<Seen> {
  const folder = bench.folder()
  const data = join(folder, 'data')
  cpSync(from, data, { recursive: true })
  try {
    await using server = await startCloakroom({ folder, data, count: bench.size.sessions })
    // As much as the others had; otherwise the just-in-time compiler would be measured.
    await send(loadOf(server, 'one'), { seconds: bench.size.seconds })
    const seen = await reads(server, bench)
    await after(data)
    return seen
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Tells whether nothing is left of the sessions that had ended when the database was made. */
async function isSwept(data: string): Promise<boolean> {
  const store = await openSqliteStore(databaseIn(data), { alone: false, create: false })
  try {
    return (await store.sweepSessions(Date.now() - 3_600_000, 1)) === 0
  } finally {
    await store.close()
  }
}
