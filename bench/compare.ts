import { loadOf, type Target, type Work } from './contender.ts'
import { type Load, type Seen, send } from './load.ts'
import { cpuOfEach } from './process.ts'

/** A measured program: the requests it gets, and the processes whose CPU time counts. */
export interface Measured {
  readonly name: string
  readonly load: Load
  readonly pids: readonly number[]
  /** Whether the CPU time until its next round counts as well. */
  readonly worksLater: boolean
}

export interface Rounds {
  readonly rounds: number
  readonly seconds: number
  /** Rounds that do not count, in which a just-in-time compiler does its work. */
  readonly warmUps: number
  /** Seconds after the last round for a program that works later. */
  readonly settle: number
}

/** The results of a round. */
interface Round extends Seen {
  /** CPU time of all processes per request, in microseconds. */
  readonly cpu: number
  /** The same of each of its processes, in their order. */
  readonly parts: readonly number[]
}

/** The results of all rounds of one program, in order. */
export interface Figures {
  readonly name: string
  readonly rounds: readonly Round[]
}

export const measured = (target: Target, work: Work): Measured => ({
  name: target.name,
  load: loadOf(target, work),
  pids: target.pids,
  worksLater: target.worksLater,
})

interface Begun {
  readonly seen: Seen
  readonly before: readonly number[]
  readonly after: readonly number[]
}

/**
 * Measures all programs in turn, A B C A B C…, so that disturbances hit all alike. A round of a program that
 * works later lasts until its next one begins.
 */
export async function compare(all: readonly Measured[], rounds: Rounds): Promise<readonly Figures[]> {
  const begun = all.map((): Begun[] => [])
  const ends = all.map((): (readonly number[])[] => [])
  for (let round = 0; round < rounds.warmUps + rounds.rounds; round++) {
    for (const [i, each] of all.entries()) {
      const before = cpuOfEach(each.pids)
      if (round > 0) ends[i]?.push(before)
      const seen = await send(each.load, rounds)
      begun[i]?.push({ seen, before, after: cpuOfEach(each.pids) })
    }
  }
  if (all.some(({ worksLater }) => worksLater)) await Bun.sleep(rounds.settle * 1_000)
  return all.map(({ name, pids, worksLater }, i) => {
    ends[i]?.push(cpuOfEach(pids))
    const figures = (begun[i] ?? []).map(({ seen, before, after }, round): Round => {
      const end = worksLater ? (ends[i]?.[round] ?? after) : after
      const parts = end.map((each, part) => (each - (before[part] ?? 0)) / seen.requests)
      return { ...seen, cpu: parts.reduce((a, b) => a + b, 0), parts }
    })
    return { name, rounds: figures.slice(rounds.warmUps) }
  })
}

/** The median of some numbers, and the extremes. */
export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

export function spreadOf(numbers: readonly number[]): Spread {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (i: number) => sorted[i] ?? Number.NaN
  const middle = (sorted.length - 1) / 2
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    least: at(0),
    most: at(sorted.length - 1),
  }
}

/** Returns how many times as much `a` is as `b`, round by round. */
export const ratios = (a: Figures, b: Figures, of: 'cpu' | 'p99' = 'cpu'): Spread =>
  spreadOf(a.rounds.map((round, i) => round[of] / (b.rounds[i]?.[of] ?? Number.NaN)))
