import type { Answer, Bench } from './bench.ts'
import { cloakroom } from './cloakroom.ts'
import { spreadOf } from './compare.ts'
import { check, loadOf } from './contender.ts'
import { type Seen, send } from './load.ts'
import { KINDS } from './scale.ts'
import { cloakroomOnPostgres, cloakroomOnRedis } from './shared.ts'
import { micros } from './words.ts'

/** How long does a single client wait for a response, with each store? */
export async function latency(bench: Bench): Promise<Answer> {
  const rows: string[][] = []
  const started: string[] = []
  for (const contender of [cloakroom, cloakroomOnRedis, cloakroomOnPostgres]) {
    const missing = contender.missing()
    if (missing !== null) {
      bench.say(`leaves out ${contender.name}: it takes ${missing}`)
      rows.push([contender.name, `not measured: it takes \`${missing}\``])
      continue
    }
    bench.say(`measures: how long one client waits for ${contender.name}`)
    const setting = { folder: bench.folder(), count: bench.size.sessions, isDurable: true }
    await using target = await contender.start(setting)
    await check(target)
    started.push(...target.started)
    for (const { work, verb } of KINDS) {
      const rounds: Seen[] = []
      for (let round = 0; round < bench.size.warmUps + bench.size.rounds; round++)
        rounds.push(await send(loadOf(target, work), { seconds: bench.size.seconds, connections: 1 }))
      const counted = rounds.slice(bench.size.warmUps)
      const middle = (of: 'p50' | 'p99') => micros(spreadOf(counted.map((seen) => seen[of])).median)
      rows.push([`${contender.name}: ${verb}`, middle('p50'), middle('p99')])
    }
  }
  return {
    title: 'How long one client waits',
    how: 'One connection, which asks again as soon as it is answered; writes are on disk before the answer (Redis with `appendfsync always`).',
    columns: ['', 'p50', 'p99'],
    rows,
    goals: [],
    bars: null,
    started,
  }
}
