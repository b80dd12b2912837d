import { StoreFault } from '../../errors.ts'
import type { Writes } from './writes.ts'

/** One write that waits for the thread: which of `Writes`, and with what. */
export type Ask = readonly [name: keyof Writes, args: readonly unknown[]]

/** What the thread says: once that it is ready or cannot be, then once per batch. `results` are in the order of the batch. */
export type Said =
  | { readonly ready: true }
  | { readonly refused: string }
  | { readonly results: readonly unknown[] }
  | { readonly failed: { readonly full: boolean; readonly message: string } }

/** A promise for the result of a write, to be kept when the batch that it went with is on disk. */
interface Waiting {
  readonly ask: Ask
  resolve(result: unknown): void
  reject(fault: StoreFault): void
}

/**
 * The way to the thread that writes. While it commits one batch, the asks that come in gather to be the next, so that however many
 * there are they share one sync of the disk, and the thread that answers requests never waits for it.
 */
export class Writer {
  readonly #thread: Worker
  #gathered: Waiting[] = []
  #underway: readonly Waiting[] = []
  #idle: (() => void) | null = null

  /** Takes over a thread that has said that it is ready. */
  constructor(thread: Worker) {
    this.#thread = thread
    thread.onmessage = ({ data }: MessageEvent<Said>) => this.#finish(data)
    thread.onerror = (event) => this.#finish({ failed: { full: false, message: event.message } })
  }

  /** Resolves with what the write returned, after it is on disk. Rejects with a `StoreFault`: then it did not happen. */
  ask<Name extends keyof Writes>(
    name: Name,
    ...args: Parameters<Writes[Name]>
  ): Promise<ReturnType<Writes[Name]>> {
    return new Promise((resolve, reject) => {
      this.#gathered.push({ ask: [name, args], resolve: resolve as Waiting['resolve'], reject })
      // Later in this very turn, so that what other requests of the turn ask for goes with it.
      if (this.#underway.length === 0 && this.#gathered.length === 1) queueMicrotask(() => this.#start())
    })
  }

  /** Waits for the writes under way and ends the thread. */
  async close(): Promise<void> {
    if (this.#underway.length > 0 || this.#gathered.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    this.#thread.terminate()
  }

  #start(): void {
    if (this.#underway.length > 0) return
    if (this.#gathered.length === 0) {
      this.#idle?.()
      return
    }
    this.#underway = this.#gathered
    this.#gathered = []
    this.#thread.postMessage(this.#underway.map(({ ask }) => ask))
  }

  #finish(said: Said): void {
    const batch = this.#underway
    this.#underway = []
    if ('results' in said) {
      for (const [i, waiting] of batch.entries()) waiting.resolve(said.results[i])
    } else if ('failed' in said) {
      const { full, message } = said.failed
      const fault = new StoreFault(full ? 'store_full' : 'store_unavailable', message, null)
      for (const waiting of batch) waiting.reject(fault)
    }
    this.#start()
  }
}
