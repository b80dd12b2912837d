import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Rounds } from './compare.ts'
import { type Seeding, seed } from './seed.ts'

/** How much work is done for a figure. */
export interface Size extends Rounds {
  readonly name: string
  /** The number of sessions if the question does not set one. */
  readonly sessions: number
  /** The numbers of sessions that are compared, smallest first. */
  readonly scales: readonly number[]
  /** The same for the stores that several nodes share. */
  readonly sharedScales: readonly number[]
  /** Ended sessions that are swept while others are read. */
  readonly swept: number
  /** Sessions of each kind when small and large ones are compared. */
  readonly large: number
  readonly starts: number
  /** Seconds of load before memory is measured. */
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

/** Only shows that the bench works; its figures mean little. */
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

/** What a question receives. */
export interface Bench {
  readonly size: Size
  /** Which contenders take part, by a part of their names; null: all. */
  readonly only: readonly string[] | null
  /** Creates an empty folder. */
  folder(): string
  /**
   * Returns a data folder with these sessions, made once, and its database's size in bytes when it was made.
   */
  seeded(seeding: Seeding): Promise<Seeded>
  /** Reports progress. */
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

/** The result of a question: a table, and which goals are met. */
export interface Answer {
  readonly title: string
  /** What was done, in a sentence or two. */
  readonly how: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly goals: readonly Goal[]
  readonly bars: Bars | null
  /** What was started, so that a reader can repeat it. */
  readonly started: readonly string[]
}

export interface Goal {
  readonly question: string
  /** The goal in words. */
  readonly goal: string
  /** The measured number, which must be at most `limit`. */
  readonly measured: number
  readonly limit: number
  /** The measured number in words. */
  readonly shown: string
}

export interface Bars {
  readonly title: string
  readonly bars: readonly { readonly name: string; readonly value: number }[]
}
