import { quantileOf } from '../metrics/latency.ts'
import { STEP, type Step, sumOf } from './step.ts'

/** So many steps are an hour. */
export const STEPS = 360

/** Each with how it is got from what all nodes counted in a step. */
const figures = {
  /** In a second. */
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
/** Curves, the oldest step first; null: nothing is known of that step. */
export type Curves = Readonly<Record<Figure, readonly (number | null)[]>>

const names = Object.keys(figures) as Figure[]

/** Milliseconds, to three digits: more are not in the buckets. */
function quantile(q: number, counts: ArrayLike<number>): number | null {
  const millis = quantileOf(q, counts)
  return millis === null ? null : Number(millis.toPrecision(3))
}

/** The figures of the last hour, in a fixed number of bytes. */
export class History {
  /** The step that is in each place; a place is that of every step which leaves the same remainder. */
  readonly #steps = new Float64Array(STEPS).fill(Number.NaN)
  /** NaN: nothing is known. */
  readonly #curves = new Map(names.map((name) => [name, new Float64Array(STEPS)]))

  /** Keeps what all nodes counted in a step, in place of what was kept of it or of one an hour before. */
  put(number: number, told: readonly Step[]): void {
    const step = sumOf(told)
    const at = number % STEPS
    this.#steps[at] = number
    for (const [name, curve] of this.#curves) curve[at] = figures[name](step) ?? Number.NaN
  }

  /** The hour that ends with this step. */
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
