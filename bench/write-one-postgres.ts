import type { Answer, Bench } from './bench.ts'
import { compareAll } from './contenders.ts'
import { betterAuthOnPostgres } from './node.ts'
import { cloakroomOnPostgres } from './shared.ts'

/**
 * What does it cost to write one attribute, on disk before the response, if all sessions are in PostgreSQL?
 */
export const writeOnePostgres = (bench: Bench): Promise<Answer> =>
  compareAll(bench, {
    title: 'Write one attribute, durably, on PostgreSQL',
    how:
      'A random session each time, a new value of one attribute; PostgreSQL as it comes, one for each contender. ' +
      'Cloakroom also checks the CSRF token that each request carries.',
    work: 'write',
    isDurable: true,
    contenders: [cloakroomOnPostgres, betterAuthOnPostgres],
    goals: [],
  })
