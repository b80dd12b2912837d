import { quantileOf } from '../metrics/latency.ts'
import { addUp, STEP, type Step } from './step.ts'

/** Steps in an hour. */
export const STEPS = 360

/** How each figure is computed from what all nodes counted in a step. */
const figures = {
  /** Requests per second. */
  requests: ({ requests }: Step) => Math.round((requests * 10_000) / STEP) / 10,
  logins: ({ logins }: Step) => logins,
  failures: ({ failures }: Step) => failures,
  throttled: ({ throttled }: Step) => throttled,
  readP50: ({ reads }: Step) => quantile(0.5, reads),
  readP99: ({ reads }: Step) => quantile(0.99, reads),
  writeP50: ({ writes }: Step) => quantile(0.5, writes),
  writeP99: ({ writes }: Step) => quantile(0.99, writes),
  sessions: ({ measure }: Step) => measure?.sessions ?? null,
  bytes: ({ measure }: Step) => measure?.bytes ?? null,
}

type Figure = keyof typeof figures
/** One value per step, oldest first; null means that no node reported the step. */
export type Curves = Readonly<Record<Figure, readonly (number | null)[]>>

const names = Object.keys(figures) as Figure[]

/** Returns milliseconds, rounded to 3 digits: the buckets are no more precise than that. */
function quantile(q: number, counts: ArrayLike<number>): number | null {
  const millis = quantileOf(q, counts)
  return millis === null ? null : Number(millis.toPrecision(3))
}

/** The figures of the last hour, kept in a fixed number of bytes. */
export class History {
  /** The number of the step in each slot. A step uses the slot `number % STEPS`. */
  readonly #steps = new Float64Array(STEPS).fill(Number.NaN)
  /** NaN means that the value is unknown. */
  readonly #curves = new Map(names.map((name) => [name, new Float64Array(STEPS)]))

  /**
   * Stores the sum of what all nodes counted in a step. Replaces an earlier sum, or the step of an hour
   * before.
   */
  put(number: number, told: readonly Step[]): void {
    const step = addUp(told)
    const at = number % STEPS
    this.#steps[at] = number
    for (const [name, curve] of this.#curves) curve[at] = figures[name](step) ?? Number.NaN
  }

  /** Returns the curves of the hour that ends with step `last`. */
  read(last: number): Curves {
    const numbers = Array.from({ length: STEPS }, (_, i) => last - STEPS + 1 + i)
    const curves = {} as Record<Figure, (number | null)[]>
    for (const [name, curve] of this.#curves) curves[name] = numbers.map((number) => this.#in(curve, number))
    return curves
  }

  #in(curve: Float64Array, number: number): number | null {
    const at = number % STEPS
    const value = this.#steps[at] === number ? curve[at] : undefined
    return value === undefined || Number.isNaN(value) ? null : value
  }
}
