import { StoreFault } from '../../errors.ts'
import { hasRoomForThreads } from '../../threads.ts'
import type { Answered, Question, Questions } from './read-thread.ts'

interface Waiting {
  resolve(result: unknown): void
  reject(fault: StoreFault): void
}

/**
 * Reads that may take long, on a thread of their own: to count a million sessions takes tens
 * of milliseconds, and to look at thousands of them some for each of which a hundred other requests could be answered.
 */
export class LongReads {
  readonly #path: string
  #thread: Worker | null = null
  /** In the order in which they were asked. */
  #waiting: Waiting[] = []
  #isClosed = false
  #idle: (() => void) | null = null

  constructor(path: string) {
    this.#path = path
  }

  /** Begins the thread before anybody asks for it, and resolves when it runs, or could not. */
  async begin(): Promise<void> {
    this.#thread ??= this.#start()
    const thread = this.#thread
    await new Promise((resolve) => {
      for (const event of ['open', 'error', 'close']) thread.addEventListener(event, resolve, { once: true })
    })
  }

  /** Sees every write that was answered before. Rejects with a `StoreFault`. */
  ask<Name extends keyof Questions>(
    name: Name,
    ...args: Parameters<Questions[Name]>
  ): Promise<ReturnType<Questions[Name]>> {
    if (this.#isClosed)
      return Promise.reject(new StoreFault('store_unavailable', 'The store is closed.', null))
    if (this.#thread === null && !hasRoomForThreads(1))
      return Promise.reject(faultOf('This process has as many files and connections open as it may.'))
    this.#thread ??= this.#start()
    const question: Question = { path: this.#path, name, args }
    this.#thread.postMessage(question)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as Waiting['resolve'], reject })
    })
  }

  /** Waits for what is being read, and ends the thread. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#waiting.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    this.#thread?.terminate()
  }

  #start(): Worker {
    const thread = new Worker(new URL('./read-thread.ts', import.meta.url))
    thread.onmessage = ({ data }: MessageEvent<Answered>) => {
      // What it was asked was rejected when it was lost; whoever waits now has asked another.
      if (this.#thread !== thread) return
      const waiting = this.#waiting.shift()
      if ('result' in data) waiting?.resolve(data.result)
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
    for (const each of waiting) each.reject(faultOf(`The thread that reads was lost: ${why}`))
    this.#idle?.()
  }
}

const faultOf = (message: string) => new StoreFault('store_unavailable', message, null)
