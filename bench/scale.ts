import type { Answer, Bench, Goal } from './bench.ts'
import { startCloakroom } from './cloakroom.ts'
import { compare, type Figures, measured, ratios } from './compare.ts'
import { table } from './contenders.ts'
import { count, times } from './words.ts'

export const KINDS = [
  { work: 'one', verb: 'read' },
  { work: 'write', verb: 'write' },
] as const

/** Do reads and writes cost more if there are many sessions? */
export async function scale(bench: Bench): Promise<Answer> {
  const { scales } = bench.size
  await using stack = new AsyncDisposableStack()
  const servers = []
  for (const size of scales) {
    const { data } = await bench.seeded({ count: size, attributes: 2 })
    servers.push(stack.use(await startCloakroom({ folder: bench.folder(), data, count: size })))
  }
  const groups: (readonly Figures[])[] = []
  const goals: Goal[] = []
  for (const { work, verb } of KINDS) {
    bench.say(`measures: ${verb} with ${scales.map(count).join(', ')} sessions`)
    const all = servers.map((server, i) => ({
      ...measured(server, work),
      name: `${verb}, ${count(scales[i] ?? 0)} sessions`,
    }))
    const found = await compare(all, bench.size)
    groups.push(found)
    const [few] = found
    for (const [i, many] of found.entries()) {
      if (few === undefined || i === 0) continue
      const ratio = ratios(many, few)
      goals.push({
        question: `${verb} with ${count(scales[i] ?? 0)} sessions, against ${count(scales[0] ?? 0)}`,
        goal: 'at most 1.3 (with 10,000,000)',
        measured: ratio.median,
        limit: 1.3,
        shown: `${times(ratio.median)} (${times(ratio.least)} to ${times(ratio.most)})`,
      })
    }
  }
  return {
    title: 'Few sessions and many',
    how: 'Two small attributes in each session, a random one of all of them each time.',
    ...table(...groups),
    goals,
    started: [],
  }
}
