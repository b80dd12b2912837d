import { join } from 'node:path'
import { idOf } from '../src/session/token.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import type { Answer, Bench } from './bench.ts'
import { startCloakroom } from './cloakroom.ts'
import { compare, measured, ratios } from './compare.ts'
import { check } from './contender.ts'
import { table } from './contenders.ts'
import { databaseIn, seed } from './seed.ts'
import { ATTRIBUTES, tokenOf } from './sessions.ts'
import { times } from './words.ts'

const KIB = 1_024
const MIB = 1_048_576

/** The largest value of an attribute, by default. */
const MAX_VALUE_BYTES = 65_536

/** Does a small write cost more in a large session? */
export async function large(bench: Bench): Promise<Answer> {
  await using stack = new AsyncDisposableStack()
  const servers = []
  for (const [name, bytes] of [
    ['a session of 1 KiB', KIB],
    ['a session of 1 MiB', MIB],
  ] as const) {
    const folder = bench.folder()
    const data = join(folder, 'data')
    const count = bench.size.large
    bench.say(`fills ${count} sessions of ${bytes} bytes`)
    await seed(data, { count, attributes: ATTRIBUTES })
    await fill(databaseIn(data), count, bytes)
    const server = stack.use(await startCloakroom({ folder, data, count }))
    await check(server)
    servers.push({ ...server, name })
  }
  bench.say('measures: a small write into a large session')
  const figures = await compare(
    servers.map((server) => measured(server, 'write')),
    bench.size,
  )
  const [small, big] = figures
  if (small === undefined || big === undefined) throw new Error('Nothing was measured.')
  const ratio = ratios(big, small)
  return {
    title: 'A small write into a large session',
    how: `One attribute of 12 bytes, durably, in one of ${bench.size.large} sessions.`,
    ...table(figures),
    goals: [
      {
        question: 'write of one small attribute into a session of 1 MiB, against one of 1 KiB',
        goal: 'at most 2',
        measured: ratio.median,
        limit: 2,
        shown: `${times(ratio.median)} (${times(ratio.least)} to ${times(ratio.most)})`,
      },
    ],
    started: [],
  }
}

/** Fills sessions up to about `bytes`, minus 400 for what they already hold and for what is written. */
async function fill(path: string, count: number, bytes: number): Promise<void> {
  const store = await openSqliteStore(path, { alone: false, create: false })
  try {
    const padding = new Map<string, string>()
    for (let left = bytes - 400; left > 0; left -= MAX_VALUE_BYTES) {
      padding.set(`p${padding.size}`, 'x'.repeat(Math.min(left, MAX_VALUE_BYTES) - 3))
    }
    for (let i = 0; i < count; i++) {
      const bounds = { maxAttributes: 1_024, maxBytes: MIB, shareBytes: MIB, maxUserBytes: MIB }
      const outcome = await store.putAttributes(idOf(tokenOf(i)), padding, bounds, {
        now: Date.now(),
        version: null,
      })
      if (typeof outcome === 'string') throw new Error(`A session could not be filled: ${outcome}`)
    }
  } finally {
    await store.close()
  }
}
