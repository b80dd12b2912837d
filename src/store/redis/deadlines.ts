import { StoreFault } from '../../errors.ts'

interface Waiting<From> {
  readonly from: From
  readonly askedAt: number
  readonly giveUp: (fault: StoreFault) => void
}

/** What is done where an answer does not come. */
export interface Failing<From> {
  /** One did not come in time; `isSilent`: and none at all has come since it was asked for. */
  ranOut(from: From, isSilent: boolean): void
  /** The fault that an error is, of whoever was asked. */
  faultOf(from: From, error: unknown): StoreFault
}

/**
 * Gives up what is not answered in time. All have the same time, so they run out in the order in which they were asked, and one timer
 * is enough for however many there are: one for each would cost more than the rest of a read.
 */
export class Deadlines<From> {
  readonly #timeout: number
  readonly #failing: Failing<From>
  readonly #waiting = new Set<Waiting<From>>()
  #timer: NodeJS.Timeout | null = null
  #answeredAt = 0

  constructor(timeout: number, failing: Failing<From>) {
    this.#timeout = timeout
    this.#failing = failing
  }

  /** The answer, or a `StoreFault` if it does not come in time. What was sent may have been done all the same. */
  within<T>(from: From, answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = { from, askedAt: performance.now(), giveUp: reject }
      this.#waiting.add(waiting)
      this.#timer ??= this.#lookIn(this.#timeout)
      answer.then(
        (value) => {
          this.#answeredAt = performance.now()
          this.#waiting.delete(waiting)
          resolve(value)
        },
        (error) => {
          if (this.#waiting.delete(waiting)) reject(this.#failing.faultOf(from, error))
        },
      )
    })
  }

  /** Does not keep the process from ending: for those who wait there is a connection that does. */
  #lookIn(period: number): NodeJS.Timeout {
    return setTimeout(() => this.#look(), period).unref()
  }

  #look(): void {
    const now = performance.now()
    this.#timer = null
    for (const waiting of this.#waiting) {
      const left = waiting.askedAt + this.#timeout - now
      if (left > 0) {
        this.#timer ??= this.#lookIn(left)
        return
      }
      this.#waiting.delete(waiting)
      waiting.giveUp(
        new StoreFault('store_unavailable', `Redis did not answer in ${this.#timeout} ms.`, null),
      )
      this.#failing.ranOut(waiting.from, this.#answeredAt <= waiting.askedAt)
    }
  }
}
