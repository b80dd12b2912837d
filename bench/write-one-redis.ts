import type { Answer, Bench } from './bench.ts'
import { compareAll } from './contenders.ts'
import { express } from './node.ts'
import { cloakroomOnRedis } from './shared.ts'

/** What does it cost to write one attribute, on disk before the answer, where all sessions are in Redis? */
export const writeOneRedis = (bench: Bench): Promise<Answer> =>
  compareAll(bench, {
    title: 'Write one attribute, durably, on Redis',
    how:
      'A random session each time, a new value of one attribute; Redis with `appendfsync always`, one for each contender. ' +
      'Cloakroom also checks the CSRF token that each request carries.',
    work: 'write',
    isDurable: true,
    contenders: [cloakroomOnRedis, express],
    goals: [],
  })
