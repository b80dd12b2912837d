import type { Answer, Bench } from './bench.ts'
import { compareAll } from './contenders.ts'

/** What does it cost to find a cookie's session and read one of its attributes? */
export const readOne = (bench: Bench): Promise<Answer> =>
  compareAll(bench, {
    title: 'Read one attribute',
    how: 'A random session each time, one of its ten attributes.',
    work: 'one',
    isDurable: false,
    goals: [
      {
        name: 'the floor',
        question: 'read one attribute, against the floor',
        goal: 'at most 1.5',
        limit: 1.5,
      },
      {
        name: 'Express',
        question: 'read one attribute, against Express + connect-redis + Redis',
        goal: 'at least 12 times less',
        limit: 1 / 12,
      },
      {
        name: 'better-auth',
        question: 'read one attribute, against better-auth',
        goal: 'at least 40 times less',
        limit: 1 / 40,
      },
      {
        name: 'Webdis',
        question: 'read with login and CSRF checks, against Webdis + Redis with none',
        goal: 'less',
        limit: 1,
      },
    ],
  })
