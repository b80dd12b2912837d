import { expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { cloakroom } from '../../bench/cloakroom.ts'
import { compare, type Figures, measured, ratios } from '../../bench/compare.ts'
import { check } from '../../bench/contender.ts'
import { startFloor } from '../../bench/floor.ts'
import { missingPostgres } from '../../bench/postgres.ts'
import { cpuOf, cpuOfEach, startChild } from '../../bench/process.ts'
import { missingRedis } from '../../bench/redis.ts'
import { TEST_LIMIT_MS } from '../support/limits.ts'

const MAIN = resolve(import.meta.dir, '../../bench/main.ts')

/** The load comes from wrk, and CPU time from /proc: a skip on a laptop, a failure where everything has to be there. */
const missing =
  process.platform !== 'linux'
    ? 'CPU time is read from /proc'
    : Bun.which('wrk') === null
      ? 'wrk is not installed'
      : null
const isSkipped = missing !== null && process.env['CI'] !== 'true'

// The runs of the bench are concurrent: they wait for the seconds of their rounds, and figures as small as these say nothing anyway.

function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-bench-test-'))
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) }
}

test.concurrent.skipIf(isSkipped)(
  `the bench measures Cloakroom against the floor and writes its results${isSkipped ? ` (skipped: ${missing})` : ''}`,
  async () => {
    using place = newFolder()
    const { code, said, results } = await runBench(place.folder, [
      'read-one',
      'write-one',
      'disk',
      'start',
      'streams',
      'worst-bodies',
    ])
    expect({ code, said }).toMatchObject({ code: 0 })
    for (const goal of ['read one attribute, against the floor', 'durable write, against the floor']) {
      expect(results).toMatch(new RegExp(`^\\| ${goal} \\| at most [\\d.]+ \\| \\d+\\.\\d+ .*met`, 'm'))
    }
    expect(results).toMatch(/^\| disk per session .* \| \d+ bytes \|/m)
    expect(results).toMatch(/^\| start with 2,000 sessions until \/readyz .* \| \d+ ms /m)
    expect(results).toMatch(/^\| memory of a stream, with 1,000 of them .* \| -?\d+ KB \|/m)
    expect(results).toMatch(/^\| form: `\+` (\| \d[\d.]* .s, \d[\d.]* ){5}\|$/m)
    expect(results).toContain('npm run bench -- --small')
    expect(results).not.toContain(tmpdir())
    expect(results).not.toContain(resolve(MAIN, '../..'))
    const chart = readFileSync(join(place.folder, 'results.svg'), 'utf8')
    // The floor, the least and Cloakroom, for a read and for a write.
    expect(chart.match(/<rect [^>]*height="18"/g)).toHaveLength(6)
  },
)

const missingStore = missing ?? missingRedis() ?? missingPostgres()
const isStoreSkipped = missingStore !== null && process.env['CI'] !== 'true'

const skippedStore = isStoreSkipped ? ` (skipped: ${missingStore})` : ''

for (const kind of ['read', 'write'] as const) {
  test.concurrent.skipIf(isStoreSkipped)(
    `the bench measures a ${kind} on the stores that many nodes share${skippedStore}`,
    async () => {
      using place = newFolder()
      const questions = [`${kind}-one-redis`, `${kind}-one-postgres`]
      const { code, said, results } = await runBench(place.folder, questions)
      expect({ code, said }).toMatchObject({ code: 0 })
      for (const store of ['Redis', 'PostgreSQL'])
        expect(results.match(new RegExp(`^\\| Cloakroom on ${store} \\| \\d`, 'gm'))).toHaveLength(1)
      expect(results).not.toContain(tmpdir())
    },
  )
}

test.concurrent.skipIf(isStoreSkipped)(
  `the bench measures what many sessions cost on them${skippedStore}`,
  async () => {
    using place = newFolder()
    const { code, said, results } = await runBench(place.folder, ['shared-scale'])
    expect({ code, said }).toMatchObject({ code: 0 })
    for (const store of ['Redis', 'PostgreSQL']) {
      for (const verb of ['read', 'write']) {
        // Bytes, and CPU time: of all, of the node, of the store.
        expect(results).toMatch(
          new RegExp(`^\\| ${store}: ${verb}, 1,000 sessions \\| \\d+( \\| \\d+\\.\\d){3} `, 'm'),
        )
      }
    }
    expect(results).not.toContain(tmpdir())
  },
)

test.concurrent.skipIf(isStoreSkipped)(
  `the bench measures how long one client waits for them${skippedStore}`,
  async () => {
    using place = newFolder()
    const { code, said, results } = await runBench(place.folder, ['latency'])
    expect({ code, said }).toMatchObject({ code: 0 })
    for (const store of ['Redis', 'PostgreSQL']) {
      for (const verb of ['read', 'write'])
        expect(results).toMatch(new RegExp(`^\\| Cloakroom on ${store}: ${verb} \\| .*s \\| .*s \\|`, 'm'))
    }
    expect(results).not.toContain(tmpdir())
  },
)

test.concurrent.skipIf(isSkipped)('a store that is not installed is left out, and said to be', async () => {
  using place = newFolder()
  // A path that leads to nothing but the load.
  symlinkSync(Bun.which('wrk') ?? '', join(place.folder, 'wrk'))
  const { code, said, results } = await runBench(
    place.folder,
    ['read-one-redis', 'write-one-redis', 'latency'],
    place.folder,
  )
  expect({ code, said }).toMatchObject({ code: 0 })
  expect(said).toContain('leaves out: Read one attribute, on Redis: it takes apt-get install redis-server')
  expect(results.match(/^Not measured: it takes `apt-get install redis-server`\.$/gm)).toHaveLength(2)
  expect(results).toMatch(/^\| Cloakroom on Redis \| not measured: it takes/m)
})

/** Runs the bench, small and without other people's programs, and resolves with what came of it. */
async function runBench(folder: string, questions: readonly string[], path = process.env['PATH'] ?? '') {
  const child = Bun.spawn(
    [
      ...[process.execPath, MAIN, '--small', '--contenders', 'cloakroom,least'],
      ...['--questions', questions.join(','), '--out', folder],
    ],
    { stdout: 'ignore', stderr: 'pipe', timeout: TEST_LIMIT_MS * 0.9, env: { ...process.env, PATH: path } },
  )
  const said = await new Response(child.stderr).text()
  const code = await child.exited
  return { code, said, results: code === 0 ? readFileSync(join(folder, 'RESULTS.md'), 'utf8') : '' }
}

test.skipIf(isSkipped)(
  'a contender that gives wrong answers is not measured, and one that refuses stops the bench',
  async () => {
    using place = newFolder()
    await using server = await cloakroom.start({ folder: place.folder, count: 10, isDurable: true })
    await check(server)
    await using floor = await startFloor(server, 'one')
    await expect(check(floor)).rejects.toThrow('the floor, asked for')
    const load = { ...measured(server, 'one').load, request: server.requests.one.replace('{1}', 'nobody') }
    const rounds = { rounds: 1, warmUps: 0, seconds: 1, settle: 0 }
    await expect(compare([{ ...measured(server, 'one'), load }], rounds)).rejects.toThrow('were refused')
  },
  30_000,
)

test.skipIf(isSkipped)('CPU time is that of a program and of all that it has started', async () => {
  const work = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; sleep 2'
  await using child = startChild(['sh', '-c', `sh -c '${work}' & wait`])
  await child.said(/done/)
  expect(cpuOf([child.pid])).toBeGreaterThan(50_000)
  expect(cpuOf([process.pid])).toBeGreaterThan(cpuOf([child.pid]))
})

test.skipIf(isSkipped)(
  'CPU time of each program is its own, and what a child has taken stays when it ends',
  async () => {
    const work = 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'
    await using busy = startChild(['sh', '-c', `sh -c '${work}'; echo done; sleep 2`])
    await using idle = startChild(['sh', '-c', 'echo done; sleep 2'])
    await Promise.all([busy.said(/done/), idle.said(/done/)])
    const [first = 0, second = 0] = cpuOfEach([busy.pid, idle.pid])
    expect(first).toBeGreaterThan(50_000)
    expect(second).toBeLessThan(first)
  },
)

test('a ratio is taken within each round, so that what slows a whole round does not count', () => {
  const figures = (name: string, cpu: readonly number[]): Figures => ({
    name,
    rounds: cpu.map((each) => ({ cpu: each, parts: [each], requests: 1, perSecond: 1, p50: 1, p99: 1 })),
  })
  const ours = figures('ours', [20, 200, 30])
  const theirs = figures('theirs', [10, 100, 10])
  expect(ratios(ours, theirs)).toEqual({ median: 2, least: 2, most: 3 })
})
