import type { Answer, Bench } from './bench.ts'
import { compareAll } from './contenders.ts'
import { express } from './node.ts'
import { cloakroomOnRedis } from './shared.ts'

/** What does it cost to read one attribute if all sessions are in Redis? */
export const readOneRedis = (bench: Bench): Promise<Answer> =>
  compareAll(bench, {
    title: 'Read one attribute, on Redis',
    how: 'A random session each time, one of its ten attributes. Each contender has a Redis of its own, both started alike; its CPU time counts.',
    work: 'one',
    isDurable: false,
    contenders: [cloakroomOnRedis, express],
    goals: [
      {
        name: 'Express',
        question: 'read one attribute on Redis, against Express + connect-redis on Redis',
        goal: 'at least 6 times less',
        limit: 1 / 6,
      },
    ],
  })
