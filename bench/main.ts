import { chmodSync, mkdtempSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { type Answer, type Bench, FULL, newBench, type Size, SMALL } from './bench.ts'
import { calm } from './calm.ts'
import { chartOf } from './chart.ts'
import { disk } from './disk.ts'
import { large } from './large.ts'
import { latency } from './latency.ts'
import { memory } from './memory.ts'
import { installContenders } from './node.ts'
import { readOne } from './read-one.ts'
import { readOnePostgres } from './read-one-postgres.ts'
import { readOneRedis } from './read-one-redis.ts'
import { readTen } from './read-ten.ts'
import { reportOf } from './report.ts'
import { scale } from './scale.ts'
import { sharedScale } from './shared-scale.ts'
import { start } from './start.ts'
import { streams } from './streams.ts'
import { worstBodies } from './worst-bodies.ts'
import { writeOne } from './write-one.ts'
import { writeOnePostgres } from './write-one-postgres.ts'
import { writeOneRedis } from './write-one-redis.ts'

const questions: Readonly<Record<string, (bench: Bench) => Promise<Answer>>> = {
  'read-one': readOne,
  'read-ten': readTen,
  'write-one': writeOne,
  disk,
  start,
  memory,
  scale,
  large,
  calm,
  streams,
  'worst-bodies': worstBodies,
  'read-one-redis': readOneRedis,
  'write-one-redis': writeOneRedis,
  'read-one-postgres': readOnePostgres,
  'write-one-postgres': writeOnePostgres,
  'shared-scale': sharedScale,
  latency,
}

const USAGE = `Usage: npm run bench -- [options]

  --small                 2,000 sessions and rounds of 1 s: to see that it works
  --huge                  also with 10,000,000 sessions, which takes 5 GB of disk
  --questions A,B         only these of: ${Object.keys(questions).join(', ')}
  --contenders A,B        only those whose names contain A or B; cloakroom must be among them
  --sessions N --rounds N --seconds N   other numbers than usual
  --out FOLDER            where RESULTS.md and results.svg go; else into bench
`

/** A mistake on the command line, with a message for the user. */
class UsageError extends Error {}

function readOptions() {
  const { values } = parseArgs({
    options: {
      small: { type: 'boolean', default: false },
      huge: { type: 'boolean', default: false },
      questions: { type: 'string' },
      contenders: { type: 'string' },
      sessions: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      out: { type: 'string', default: import.meta.dir },
      help: { type: 'boolean', default: false },
    },
  })
  const base = values.small ? SMALL : FULL
  const number = (name: 'sessions' | 'rounds' | 'seconds') => {
    const text = values[name]
    if (text === undefined) return base[name]
    if (!/^[1-9]\d{0,7}$/.test(text)) throw new UsageError(`--${name} is a whole number above 0.`)
    return Number(text)
  }
  const size: Size = {
    ...base,
    sessions: number('sessions'),
    rounds: number('rounds'),
    seconds: number('seconds'),
    scales: values.huge ? [...base.scales, 10_000_000] : base.scales,
  }
  const names = values.questions?.split(',') ?? Object.keys(questions)
  for (const name of names) if (!(name in questions)) throw new UsageError(`There is no question ${name}.`)
  return { ...values, size, names, only: values.contenders?.toLowerCase().split(',') ?? null }
}

/** Minutes after which the bench stops in any case. */
const MAX_MINUTES = { small: 10, full: 180 }

async function main(): Promise<void> {
  const { size, names, only, out, help } = readOptions()
  if (help) {
    process.stdout.write(USAGE)
    return
  }
  if (process.platform !== 'linux')
    throw new UsageError('CPU time is read from /proc, so this runs on Linux only.')
  if (Bun.which('wrk') === null) throw new UsageError('The load comes from wrk: apt-get install wrk')
  const onNode = ['express', 'fastify', 'better-auth']
  if (only === null || only.some((word) => onNode.includes(word))) await installContenders()

  const limit = size.name === SMALL.name ? MAX_MINUTES.small : MAX_MINUTES.full
  setTimeout(() => {
    writeSync(2, `It was not done after ${limit} minutes.\n`)
    process.exit(1)
  }, limit * 60_000).unref()

  const root = mkdtempSync(join(tmpdir(), 'cloakroom-bench-'))
  // PostgreSQL runs as another user and has its own folder in there.
  chmodSync(root, 0o711)
  process.on('exit', () => rmSync(root, { recursive: true, force: true }))
  const bench = newBench(root, { size, only })
  const answers: Answer[] = []
  for (const name of names) {
    const answer = await questions[name]?.(bench)
    if (answer !== undefined) answers.push(answer)
  }
  const command = [
    'npm run bench',
    ...(process.argv.length > 2 ? ['--', ...withoutOut(process.argv.slice(2))] : []),
  ]
  await Bun.write(resolve(out, 'RESULTS.md'), await reportOf(answers, size, command.join(' ')))
  await Bun.write(resolve(out, 'results.svg'), chartOf(answers))
  bench.say(`wrote RESULTS.md and results.svg`)
}

/** The results do not mention the output's path. */
const withoutOut = (args: readonly string[]) =>
  args.filter((arg, i) => arg !== '--out' && args[i - 1] !== '--out')

try {
  await main()
  process.exit(0)
} catch (error) {
  // Synchronous, or the exit could come first.
  writeSync(
    2,
    error instanceof UsageError ? `${error.message}\n` : `${error instanceof Error ? error.stack : error}\n`,
  )
  process.exit(1)
}
