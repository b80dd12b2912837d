import { StoreFault } from '../../errors.ts'

interface Waiting {
  readonly askedAt: number
  readonly giveUp: (fault: StoreFault) => void
}

/**
 * Gives up what is not answered in time. All have the same time, so they run out in the order in which they were asked, and one timer
 * is enough for however many there are: one for each would cost more than the rest of a read.
 */
export class Deadlines {
  readonly #timeout: number
  readonly #stalled: () => void
  readonly #waiting = new Set<Waiting>()
  #timer: NodeJS.Timeout | null = null
  #answeredAt = 0

  /** `stalled` is called when something ran out and nothing at all has been answered since it was asked. */
  constructor(timeout: number, stalled: () => void) {
    this.#timeout = timeout
    this.#stalled = stalled
  }

  /** The answer, or a `StoreFault` if it does not come in time. What was sent may have been done all the same. */
  within<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiting = { askedAt: performance.now(), giveUp: reject }
      this.#waiting.add(waiting)
      this.#timer ??= setTimeout(() => this.#look(), this.#timeout)
      answer.then(
        (value) => {
          this.#answeredAt = performance.now()
          this.#waiting.delete(waiting)
          resolve(value)
        },
        (error) => {
          this.#waiting.delete(waiting)
          reject(error)
        },
      )
    })
  }

  #look(): void {
    const now = performance.now()
    this.#timer = null
    for (const waiting of this.#waiting) {
      const left = waiting.askedAt + this.#timeout - now
      if (left > 0) {
        this.#timer = setTimeout(() => this.#look(), left)
        return
      }
      this.#waiting.delete(waiting)
      const isStalled = this.#answeredAt <= waiting.askedAt
      waiting.giveUp(
        new StoreFault('store_unavailable', `Redis did not answer in ${this.#timeout} ms.`, null),
      )
      if (isStalled) this.#stalled()
    }
  }
}
