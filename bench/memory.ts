import type { Answer, Bench, Goal } from './bench.ts'
import { startCloakroom } from './cloakroom.ts'
import { loadOf } from './contender.ts'
import { send } from './load.ts'
import { memoryOf } from './process.ts'
import { count, megabytes } from './words.ts'

/** How much memory does the server take, with few sessions on disk and with many? */
export async function memory(bench: Bench): Promise<Answer> {
  const rows: string[][] = []
  const goals: Goal[] = []
  for (const size of bench.size.scales) {
    const { data } = await bench.seeded({ count: size, attributes: 2 })
    bench.say(`measures: memory with ${count(size)} sessions`)
    await using server = await startCloakroom({ folder: bench.folder(), data, count: size })
    const idle = memoryOf(server.pid)
    await send(loadOf(server, 'one'), { seconds: bench.size.loaded })
    const read = memoryOf(server.pid)
    await send(loadOf(server, 'write'), { seconds: bench.size.loaded })
    const written = memoryOf(server.pid)
    const most = Math.max(idle.all, read.all, written.all)
    rows.push([
      count(size),
      ...[idle, read, written].map(({ all, own }) => `${megabytes(all)} (${megabytes(own)})`),
    ])
    goals.push({
      question: `memory of the server with ${count(size)} sessions on disk, after ${2 * bench.size.loaded} s of load`,
      goal: 'at most 300 MB (with 10,000,000)',
      measured: most,
      limit: 300e6,
      shown: megabytes(most),
    })
  }
  return {
    title: 'Memory',
    how: 'Resident memory of the server, and in brackets what of it is no mapped file. The goal after an hour of load is for `npm run soak`.',
    columns: [
      'sessions on disk',
      'after the start',
      `after ${bench.size.loaded} s of reads`,
      `and ${bench.size.loaded} s of writes`,
    ],
    rows,
    goals: goals.slice(-1),
    bars: null,
    started: [],
  }
}
