import type { Answer, Bench, Goal } from './bench.ts'
import { type Cloakroom, startCloakroom } from './cloakroom.ts'
import { compare, type Figures, measured, ratios, spreadOf } from './compare.ts'
import { leftOut, table } from './contenders.ts'
import { KINDS } from './scale.ts'
import { onPostgres, onRedis, type SharedKind } from './shared.ts'
import { count, times } from './words.ts'

const TITLE = 'Few sessions and many, in the stores that nodes share'

/**
 * What do many sessions cost in the stores that several nodes share: bytes per session, and CPU time per
 * request?
 */
export async function sharedScale(bench: Bench): Promise<Answer> {
  const missing = [onRedis, onPostgres].flatMap((kind) => kind.missing() ?? [])
  const found = []
  for (const kind of [onRedis, onPostgres]) {
    if (kind.missing() === null) found.push(await scaleOf(bench, kind))
  }
  if (found.length === 0) return leftOut(bench, TITLE, missing.join(', '))
  const { columns, bars } = table(...found.flatMap(({ groups }) => groups))
  const [name = '', cpu = '', ...others] = columns
  return {
    title: TITLE,
    how:
      'Two small attributes in each session, a random one of all of them each time. Bytes are those that `INFO memory` of Redis counts more, and ' +
      '`pg_total_relation_size` of the two tables with their indexes. Redis writes nothing to the disk here; PostgreSQL is as it comes.' +
      missing.map((each) => ` Some was not measured: it takes \`${each}\`.`).join(''),
    columns: [name, 'bytes per session', cpu, 'of the node', 'of the store', ...others],
    rows: found.flatMap(({ rows }) => rows),
    goals: found.flatMap(({ goals }) => goals),
    bars,
    started: [...new Set(found.flatMap(({ started }) => started))],
  }
}

interface Found {
  readonly groups: readonly (readonly Figures[])[]
  readonly rows: readonly (readonly string[])[]
  readonly goals: readonly Goal[]
  readonly started: readonly string[]
}

/** A server on a store with `count` sessions. */
interface Filled {
  readonly server: Cloakroom
  readonly size: number
  /** Per session. */
  readonly bytes: number
}

async function scaleOf(bench: Bench, kind: SharedKind): Promise<Found> {
  const scales = bench.size.sharedScales
  await using stack = new AsyncDisposableStack()
  const servers: Filled[] = []
  for (const size of scales) {
    const folder = bench.folder()
    const shared = stack.use(await kind.start(folder, false))
    bench.say(`fills ${kind.name} with ${count(size)} sessions`)
    const bytes = (await shared.fill({ count: size, attributes: 2 })) / size
    const server = stack.use(await startCloakroom({ folder, data: folder, count: size, shared }))
    servers.push({ server, size, bytes })
  }
  const groups: (readonly Figures[])[] = []
  const goals: Goal[] = []
  for (const { work, verb } of KINDS) {
    bench.say(`measures: ${verb} on ${kind.name} with ${scales.map(count).join(', ')} sessions`)
    const all = servers.map(({ server, size }) => ({
      ...measured(server, work),
      name: `${kind.name}: ${verb}, ${count(size)} sessions`,
    }))
    const figures = await compare(all, bench.size)
    groups.push(figures)
    goals.push(...goalsOf(`${verb} on ${kind.name}`, scales, figures))
  }
  const rows = table(...groups).rows.map((row, i) => {
    const [name = '', cpu = '', ...others] = row
    return [
      name,
      (servers[i % servers.length]?.bytes ?? 0).toFixed(0),
      cpu,
      ...partsOf(groups.flat()[i]),
      ...others,
    ]
  })
  return { groups, rows, goals, started: servers.flatMap(({ server }) => server.started) }
}

/** Median CPU time of the node and of the store. */
const partsOf = (figures: Figures | undefined): readonly string[] =>
  [0, 1].map((part) =>
    spreadOf((figures?.rounds ?? []).map(({ parts }) => parts[part] ?? Number.NaN)).median.toFixed(1),
  )

function goalsOf(what: string, scales: readonly number[], [few, ...more]: readonly Figures[]): Goal[] {
  return more.map((many, i) => {
    const { median, least, most } = few === undefined ? spreadOf([]) : ratios(many, few)
    return {
      question: `${what} with ${count(scales[i + 1] ?? 0)} sessions, against ${count(scales[0] ?? 0)}`,
      goal: 'at most 1.3',
      measured: median,
      limit: 1.3,
      shown: `${times(median)} (${times(least)} to ${times(most)})`,
    }
  })
}
