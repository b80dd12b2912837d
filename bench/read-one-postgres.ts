import type { Answer, Bench } from './bench.ts'
import { compareAll } from './contenders.ts'
import { betterAuthOnPostgres } from './node.ts'
import { cloakroomOnPostgres } from './shared.ts'

/** What does it cost to read one attribute if all sessions are in PostgreSQL? */
export const readOnePostgres = (bench: Bench): Promise<Answer> =>
  compareAll(bench, {
    title: 'Read one attribute, on PostgreSQL',
    how: 'A random session each time, one of its ten attributes. Each contender has a PostgreSQL of its own, both started alike; its CPU time counts.',
    work: 'one',
    isDurable: false,
    contenders: [cloakroomOnPostgres, betterAuthOnPostgres],
    goals: [
      {
        name: 'better-auth',
        question: 'read one attribute on PostgreSQL, against better-auth on PostgreSQL',
        goal: 'at least 10 times less',
        limit: 1 / 10,
      },
    ],
  })
