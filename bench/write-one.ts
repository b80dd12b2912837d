import type { Answer, Bench } from './bench.ts'
import { compareAll } from './contenders.ts'

/** What does it cost to write one attribute so that it is on disk before the answer? */
export const writeOne = (bench: Bench): Promise<Answer> =>
  compareAll(bench, {
    title: 'Write one attribute, durably',
    how:
      'A random session each time, a new value of one attribute, synced to the disk before the answer; Redis with `appendfsync always`. ' +
      'Cloakroom also checks the CSRF token that each request carries.',
    work: 'write',
    isDurable: true,
    goals: [
      { name: 'the floor', question: 'durable write, against the floor', goal: 'at most 3', limit: 3 },
      {
        name: 'Webdis',
        question: 'durable write, against Webdis + Redis with appendfsync always',
        goal: 'less',
        limit: 1,
      },
    ],
  })
