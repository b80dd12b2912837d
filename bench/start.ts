import { freePort } from '../test/support/port.ts'
import type { Answer, Bench, Goal } from './bench.ts'
import { MAIN } from './cloakroom.ts'
import { spreadOf } from './compare.ts'
import { startChild } from './process.ts'
import { count, millis } from './words.ts'

/** How long does a server take from its start until it reports that it is ready? */
export async function start(bench: Bench): Promise<Answer> {
  const rows: string[][] = []
  const goals: Goal[] = []
  for (const size of bench.size.scales) {
    const { data } = await bench.seeded({ count: size, attributes: 2 })
    bench.say(`measures: the start with ${count(size)} sessions`)
    const durations: number[] = []
    for (let i = 0; i < bench.size.starts; i++) durations.push(await startOnce(data))
    const { median, least, most } = spreadOf(durations)
    rows.push([count(size), millis(median), `${millis(least)} to ${millis(most)}`])
    goals.push({
      question: `start with ${count(size)} sessions until /readyz`,
      goal: 'at most 1 s (with 10,000,000)',
      measured: median,
      limit: 1_000,
      shown: `${millis(median)} (${millis(least)} to ${millis(most)})`,
    })
  }
  return {
    title: 'Start',
    how: 'From the start of the process until `/readyz` answers 200, asked every 2 ms; the file in the cache of the operating system.',
    columns: ['sessions on disk', 'until ready', 'spread'],
    rows,
    goals: goals.slice(-1),
    bars: null,
    started: [],
  }
}

async function startOnce(data: string): Promise<number> {
  const port = freePort()
  const before = performance.now()
  await using _server = startChild([process.execPath, MAIN, 'serve', '--port', String(port), '--data', data])
  for (;;) {
    const status = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.status,
      () => 0,
    )
    const after = performance.now()
    if (status === 200) return after - before
    if (after - before > 60_000) throw new Error('The server was not ready after a minute.')
    await Bun.sleep(2)
  }
}
