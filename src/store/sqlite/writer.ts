import { StoreFault } from '../../errors.ts'
import { CLOSE, CLOSE_MOVED } from './opening.ts'
import type { Writes } from './writes.ts'

/** One write that waits for the thread: which of `Writes`, and with what. */
export type Write = readonly [name: keyof Writes, args: readonly unknown[]]

/** What the thread says: once that it is ready or cannot be, then once per batch, at last that it is closed. `results` are in the order of the batch. */
export type Said =
  | { readonly ready: true }
  | { readonly refused: string }
  | { readonly closed: true }
  | { readonly results: readonly unknown[] }
  | { readonly failed: { readonly full: boolean; readonly message: string } }

/** Hears of what the thread is given to do, and of what came of it, before those who asked for it. */
export interface Listener {
  /** A batch is about to begin. */
  beginWriting(): void
  /** A write is on disk, and returned this. */
  committed(write: Write, result: unknown): void
  /** The batch is through, and all of its writes that are on disk have been told. */
  endWriting(): void
  /** Asked before a batch is answered: why what it wrote would be lost, or null. */
  missing(): string | null
  /** No write will ever be answered again, since the thread has ended though nobody closed it, or the file is gone; told once. */
  lost(fault: StoreFault): void
}

/** A write, and the promise of its result, to be kept when the batch that it goes with is on disk. */
interface Waiting {
  readonly write: Write
  resolve(result: unknown): void
  reject(fault: StoreFault): void
}

/**
 * The way to the thread that writes. While it commits one batch, the writes that come in gather to be the next, so that however many
 * there are they share one sync of the disk, and the thread that answers requests never waits for it.
 */
export class Writer {
  readonly #thread: Worker
  readonly #listener: Listener
  #gathered: Waiting[] = []
  #underway: readonly Waiting[] = []
  #closed: (() => void) | null = null
  /** Why there are no more writes, if there are none. */
  #lost: StoreFault | null = null
  /** Whether that is because the file is no longer at its path. The thread lives then. */
  #isMoved = false

  /** Takes over a thread that has said that it is ready. */
  constructor(thread: Worker, listener: Listener) {
    this.#thread = thread
    this.#listener = listener
    thread.onmessage = ({ data }: MessageEvent<string>) => this.#finish(JSON.parse(data))
    thread.onerror = ({ message }) => this.#lose(message)
    thread.addEventListener('close', () => this.#lose('it has ended'))
  }

  /**
   * Resolves with what the write returned, after it is on disk. Rejects with a `StoreFault`: then it did not happen, unless the thread
   * or the file was lost, when nobody knows.
   */
  ask<Name extends keyof Writes>(
    name: Name,
    ...args: Parameters<Writes[Name]>
  ): Promise<ReturnType<Writes[Name]>> {
    if (this.#lost !== null) return Promise.reject(this.#lost)
    return new Promise((resolve, reject) => {
      this.#gathered.push({ write: [name, args], resolve: resolve as Waiting['resolve'], reject })
      // Later in this very turn, so that what other requests of the turn ask for goes with it.
      if (this.#underway.length === 0 && this.#gathered.length === 1) queueMicrotask(() => this.#start())
    })
  }

  /** Gives up all writes, as the file is no longer at its path, for the reason that the sentence says. */
  leave(why: string): void {
    if (this.#lost !== null) return
    this.#isMoved = true
    this.#giveUp(new StoreFault('store_unavailable', why, null))
  }

  /** Throws the fault that keeps writes from ever happening again, if there is one. */
  requireThere(): void {
    if (this.#lost !== null) throw this.#lost
  }

  /** Waits for the writes under way, then closes the database of the thread and ends it. */
  async close(): Promise<void> {
    if (this.#lost === null || this.#isMoved) {
      this.#lost ??= new StoreFault('store_unavailable', 'The store is closed.', null)
      await new Promise<void>((resolve) => {
        this.#closed = resolve
        this.#start()
      })
    }
    this.#thread.terminate()
  }

  #start(): void {
    if (this.#underway.length > 0) return
    if (this.#gathered.length === 0) {
      if (this.#closed !== null) this.#thread.postMessage(this.#isMoved ? CLOSE_MOVED : CLOSE)
      return
    }
    this.#underway = this.#gathered
    this.#gathered = []
    this.#listener.beginWriting()
    // As text, which crosses from thread to thread in less time than objects: a tenth of what a put costs.
    this.#thread.postMessage(JSON.stringify(this.#underway.map(({ write }) => write)))
  }

  #finish(said: Said): void {
    if ('closed' in said) {
      this.#closed?.()
      return
    }
    const missing = this.#lost === null ? this.#listener.missing() : null
    if (missing !== null) this.leave(missing)
    if (this.#isMoved) {
      // What came of the batch nobody is told: it is where nobody will look for it.
      this.#listener.endWriting()
      return
    }
    const batch = this.#underway
    this.#underway = []
    if ('results' in said) {
      for (const [i, { write }] of batch.entries()) this.#listener.committed(write, said.results[i])
      this.#listener.endWriting()
      for (const [i, waiting] of batch.entries()) waiting.resolve(said.results[i])
    } else if ('failed' in said) {
      this.#listener.endWriting()
      const { full, message } = said.failed
      const fault = new StoreFault(full ? 'store_full' : 'store_unavailable', message, null)
      for (const waiting of batch) waiting.reject(fault)
    }
    this.#start()
  }

  /** Nobody is left waiting, now or later, for a thread that is no more. */
  #lose(why: string): void {
    const fault = new StoreFault('store_unavailable', `The thread that writes was lost: ${why}`, null)
    this.#isMoved = false
    this.#giveUp(fault)
    this.#closed?.()
  }

  #giveUp(fault: StoreFault): void {
    const isNews = this.#lost === null
    this.#lost ??= fault
    const waiting = [...this.#underway, ...this.#gathered]
    this.#underway = []
    this.#gathered = []
    for (const each of waiting) each.reject(fault)
    if (isNews) this.#listener.lost(fault)
  }
}
