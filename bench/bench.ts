import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Rounds } from './compare.ts'
import { type Seeding, seed } from './seed.ts'

/** How much is done for a figure. */
export interface Size extends Rounds {
  readonly name: string
  /** Sessions where the question does not say how many. */
  readonly sessions: number
  /** The numbers of sessions that are compared, the fewest first. */
  readonly scales: readonly number[]
  /** The same in the stores that many nodes share. */
  readonly sharedScales: readonly number[]
  /** Sessions that have ended and are swept while others are read. */
  readonly swept: number
  /** Sessions of each kind where small and large ones are compared. */
  readonly large: number
  readonly starts: number
  /** Seconds of load before memory is looked at. */
  readonly loaded: number
}

export const FULL: Size = {
  name: 'full',
  sessions: 100_000,
  rounds: 5,
  warmUps: 1,
  seconds: 4,
  settle: 32,
  scales: [10_000, 1_000_000],
  sharedScales: [10_000, 2_000_000],
  swept: 1_000_000,
  large: 100,
  starts: 7,
  loaded: 20,
}

/** To see that the bench works; its figures say little. */
export const SMALL: Size = {
  name: 'small',
  sessions: 2_000,
  rounds: 1,
  warmUps: 0,
  seconds: 1,
  settle: 0,
  scales: [500, 2_000],
  sharedScales: [200, 1_000],
  swept: 5_000,
  large: 5,
  starts: 1,
  loaded: 1,
}

/** What a question is given. */
export interface Bench {
  readonly size: Size
  /** Which contenders take part, by what their names contain; null: all. */
  readonly only: readonly string[] | null
  /** A new empty folder. */
  folder(): string
  /** A data folder with these sessions, made once; how large its database was when it was made, in bytes. */
  seeded(seeding: Seeding): Promise<Seeded>
  /** Tells whoever waits what is going on. */
  say(text: string): void
}

export interface Seeded {
  readonly data: string
  readonly bytes: number
}

export function newBench(root: string, { size, only }: Pick<Bench, 'size' | 'only'>): Bench {
  let folders = 0
  const seeds = new Map<string, Promise<Seeded>>()
  const bench: Bench = {
    size,
    only,
    folder() {
      const folder = join(root, String(folders++))
      mkdirSync(folder)
      return folder
    },
    async seeded(seeding) {
      const key = JSON.stringify(seeding)
      const known = seeds.get(key)
      if (known !== undefined) return known
      const making = (async () => {
        bench.say(`fills a database: ${key}`)
        const data = join(bench.folder(), 'data')
        return { data, bytes: await seed(data, seeding) }
      })()
      seeds.set(key, making)
      return making
    },
    say: (text) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`),
  }
  return bench
}

/** What was found out about a question: a table, and which goals are met. */
export interface Answer {
  readonly title: string
  /** What was done, in a sentence or two. */
  readonly how: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly goals: readonly Goal[]
  readonly bars: Bars | null
  /** What was started, in words that can be repeated. */
  readonly started: readonly string[]
}

export interface Goal {
  readonly question: string
  /** The goal in words. */
  readonly goal: string
  /** What was measured, as a number that must be at most `limit`. */
  readonly measured: number
  readonly limit: number
  /** The measured number in words. */
  readonly shown: string
}

export interface Bars {
  readonly title: string
  readonly bars: readonly { readonly name: string; readonly value: number }[]
}
