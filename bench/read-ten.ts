import type { Answer, Bench } from './bench.ts'
import { compareAll } from './contenders.ts'

/** What does it cost to read ten attributes, each by its name? */
export const readTen = (bench: Bench): Promise<Answer> =>
  compareAll(bench, {
    title: 'Read ten attributes',
    how: 'A random session each time, all ten of its attributes, each asked for by its name.',
    work: 'ten',
    isDurable: false,
    goals: [],
  })
