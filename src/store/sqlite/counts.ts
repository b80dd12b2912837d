import { StoreFault } from '../../errors.ts'
import type { Millis } from '../store.ts'
import type { Counted, Question } from './count-thread.ts'

interface Waiting {
  resolve(count: number): void
  reject(fault: StoreFault): void
}

/**
 * Counts sessions on a thread of its own, which begins with the first question: to count ten million takes about a second, and neither
 * reads nor writes wait for it.
 */
export class Counts {
  readonly #path: string
  #thread: Worker | null = null
  /** In the order in which they were asked. */
  #waiting: Waiting[] = []
  #isClosed = false
  #idle: (() => void) | null = null

  constructor(path: string) {
    this.#path = path
  }

  /** How many sessions of a user or (null) of all are live. */
  count(uname: string | null, now: Millis): Promise<number> {
    if (this.#isClosed)
      return Promise.reject(new StoreFault('store_unavailable', 'The store is closed.', null))
    this.#thread ??= this.#start()
    const question: Question = { path: this.#path, uname, now }
    this.#thread.postMessage(question)
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  /** Waits for what is being counted, and ends the thread. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#waiting.length > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    this.#thread?.terminate()
  }

  #start(): Worker {
    const thread = new Worker(new URL('./count-thread.ts', import.meta.url))
    thread.onmessage = ({ data }: MessageEvent<Counted>) => {
      const waiting = this.#waiting.shift()
      if ('count' in data) waiting?.resolve(data.count)
      else waiting?.reject(faultOf(data.failed))
      if (this.#waiting.length === 0) this.#idle?.()
    }
    thread.onerror = ({ message }) => this.#lose(thread, message)
    thread.addEventListener('close', () => this.#lose(thread, 'it has ended'))
    return thread
  }

  /** The next question begins another. */
  #lose(thread: Worker, why: string): void {
    if (this.#thread !== thread) return
    this.#thread = null
    const waiting = this.#waiting
    this.#waiting = []
    for (const each of waiting) each.reject(faultOf(`the thread that counts was lost, ${why}`))
    this.#idle?.()
  }
}

const faultOf = (why: string) =>
  new StoreFault('store_unavailable', `The sessions could not be counted: ${why}`, null)
