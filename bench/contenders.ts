import type { Answer, Bench, Goal } from './bench.ts'
import { cloakroom } from './cloakroom.ts'
import { compare, type Figures, measured, ratios, spreadOf } from './compare.ts'
import { type Contender, check, type Target, type Work } from './contender.ts'
import { startFloor } from './floor.ts'
import { least } from './least.ts'
import { betterAuth, express, fastify } from './node.ts'
import { webdis } from './webdis.ts'
import { count, micros, times } from './words.ts'

/** All contenders besides the floor, if a question names no others. */
const everyone: readonly [Contender, ...Contender[]] = [
  cloakroom,
  least,
  webdis,
  express,
  fastify,
  betterAuth,
]

/** A goal that is a ratio: Cloakroom's CPU time per request against another contender's. */
interface Against {
  readonly name: string
  readonly question: string
  /** The largest allowed ratio; below 1 means less. */
  readonly limit: number
  readonly goal: string
}

export interface Question {
  readonly title: string
  readonly how: string
  readonly work: Work
  readonly isDurable: boolean
  /** Cloakroom first. */
  readonly contenders?: readonly [Contender, ...Contender[]]
  readonly goals: readonly Against[]
}

/** Starts all contenders, checks their responses, and gives them the same work in turns. */
export async function compareAll(
  bench: Bench,
  { title, how, work, isDurable, contenders = everyone, goals }: Question,
): Promise<Answer> {
  const { size } = bench
  const lacking = contenders[0].missing()
  if (lacking !== null) return leftOut(bench, title, lacking)
  await using stack = new AsyncDisposableStack()
  const targets: Target[] = []
  for (const contender of contenders) {
    if (bench.only !== null && !bench.only.some((word) => contender.name.toLowerCase().includes(word)))
      continue
    const missing = contender.missing()
    if (missing !== null) {
      bench.say(`leaves out ${contender.name}: it takes ${missing}`)
      continue
    }
    bench.say(`starts ${contender.name}`)
    const target = stack.use(
      await contender.start({ folder: bench.folder(), count: size.sessions, isDurable }),
    )
    await check(target)
    targets.push(target)
  }
  const [ours] = targets
  if (ours === undefined || ours.name !== contenders[0].name)
    throw new Error('Cloakroom itself must take part.')
  const floor = stack.use(await startFloor(ours, work))
  const all = [floor, ...targets]
  bench.say(`measures: ${title}`)
  const figures = await compare(
    all.map((target) => measured(target, work)),
    size,
  )
  return {
    title,
    how,
    ...table(figures),
    goals: goalsOf(figures, goals),
    started: all.flatMap(({ started }) => started),
  }
}

/** Returns the answer to a question that cannot be asked on this machine. */
export function leftOut(bench: Bench, title: string, missing: string): Answer {
  bench.say(`leaves out: ${title}: it takes ${missing}`)
  const how = `Not measured: it takes \`${missing}\`.`
  return { title, how, columns: [], rows: [], goals: [], bars: null, started: [] }
}

/** Returns one row per contender, in groups that are compared with their first one. */
export function table(...groups: readonly (readonly Figures[])[]): Pick<Answer, 'columns' | 'rows' | 'bars'> {
  const figures = groups.flat()
  return {
    columns: ['', 'CPU µs per request', 'against the first', 'spread', 'requests/s', 'p50', 'p99'],
    rows: figures.map((each) => {
      const ratio = ratios(each, groups.find((group) => group.includes(each))?.[0] ?? each)
      const median = (of: 'cpu' | 'perSecond' | 'p50' | 'p99') =>
        spreadOf(each.rounds.map((round) => round[of])).median
      return [
        each.name,
        median('cpu').toFixed(1),
        times(ratio.median),
        `${times(ratio.least)} to ${times(ratio.most)}`,
        count(median('perSecond')),
        micros(median('p50')),
        micros(median('p99')),
      ]
    }),
    bars: {
      title: 'CPU µs per request',
      bars: figures.map(({ name, rounds }) => ({
        name,
        value: spreadOf(rounds.map(({ cpu }) => cpu)).median,
      })),
    },
  }
}

function goalsOf(figures: readonly Figures[], goals: readonly Against[]): readonly Goal[] {
  const find = (name: string) => figures.find((each) => each.name.startsWith(name))
  const ours = find(cloakroom.name)
  return goals.flatMap(({ name, question, limit, goal }) => {
    const theirs = find(name)
    if (ours === undefined || theirs === undefined) return []
    const { median, least, most } = ratios(ours, theirs)
    const shown =
      limit < 1
        ? `${times(1 / median)} times less (${times(1 / most)} to ${times(1 / least)})`
        : `${times(median)} (${times(least)} to ${times(most)})`
    return [{ question, goal, measured: median, limit, shown }]
  })
}
