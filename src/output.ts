import { write } from 'node:fs'

/** The result of one write: how many bytes were taken, or the error's code, such as `ENOSPC`. */
export interface Written {
  readonly bytes: number
  readonly code: string | null
}

/** Writes at least one byte from the beginning of `bytes`. Never throws or rejects, and may take for ever. */
export type Writer = (bytes: Uint8Array) => Promise<Written>

/** At most this much text waits. More is dropped and counted. */
const MAX_WAITING_BYTES = 1024 * 1024

/** The most that is written at once: what a pipe holds on Linux. */
const MAX_WRITE_BYTES = 64 * 1024

/** Milliseconds until the next attempt if a non-blocking descriptor is full, and after any other error. */
const RETRY_FULL_MS = 20
const RETRY_ERROR_MS = 1_000

/** Called when there is trouble, possibly many times each. */
export interface OutputEvents {
  /** Text is dropped from now on, or an error delays it. `code` is the error's code, or null. */
  onStalled?(code: string | null): void
  /** Text is accepted again, after this many dropped lines. */
  onResumed?(lines: number): void
}

/**
 * A destination for text, such as standard output. Never waits, fails or blocks, whatever state the
 * destination is in: text waits in bounded memory during a write, and what does not fit is dropped and
 * counted.
 */
export class Output {
  readonly #writer: Writer
  readonly #events: OutputEvents
  readonly #maxWaiting: number
  #waiting: string[] = []
  #waitingBytes = 0
  #isWriting = false
  /** Once dropping, continues until half the waiting text is written, so that a slow reader sees few gaps. */
  #isDropping = false
  #dropped = 0
  #lines = 0
  #idle: (() => void)[] = []

  constructor(writer: Writer, events: OutputEvents = {}, maxWaiting = MAX_WAITING_BYTES) {
    this.#writer = writer
    this.#events = events
    this.#maxWaiting = maxWaiting
  }

  /** How many lines were dropped so far. */
  get linesDropped(): number {
    return this.#lines
  }

  /** Queues one line or several. */
  write(text: string): void {
    const bytes = Buffer.byteLength(text)
    if (this.#isDropping || this.#waitingBytes + bytes > this.#maxWaiting) {
      this.#drop()
      return
    }
    this.#waiting.push(text)
    this.#waitingBytes += bytes
    if (!this.#isWriting) void this.#writeAll()
  }

  /**
   * Resolves when a text and all before it is written. Rejects at the first error, before all of it is
   * written.
   */
  async deliver(text: string): Promise<void> {
    while (this.#isWriting) await new Promise<void>((resolve) => this.#idle.push(resolve))
    this.#isWriting = true
    try {
      let rest: Uint8Array = Buffer.from(text)
      while (rest.length > 0) {
        const { bytes, code } = await this.#writer(rest)
        rest = rest.subarray(bytes)
        if (code === 'EAGAIN') await pause(RETRY_FULL_MS)
        else if (code !== null) throw new Error(`It cannot be written: ${code}.`)
      }
    } finally {
      void this.#writeAll()
    }
  }

  /** Resolves when nothing waits, or after `millis` milliseconds, with whether all was written. */
  async drained(millis: number): Promise<boolean> {
    if (!this.#isWriting) return true
    let timer: NodeJS.Timeout | undefined
    const isIdle = new Promise<true>((resolve) => this.#idle.push(() => resolve(true)))
    const isLate = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), millis)
    })
    const result = await Promise.race([isIdle, isLate])
    clearTimeout(timer)
    return result
  }

  #drop(): void {
    this.#lines++
    this.#dropped++
    if (this.#isDropping) return
    this.#isDropping = true
    this.#events.onStalled?.(null)
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true
    while (this.#waiting.length > 0) {
      await this.#writeBytes(Buffer.from(this.#take()))
      this.#resume()
    }
    this.#isWriting = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  /** Returns as much of the waiting text as is written at once. It still counts as waiting. */
  #take(): string {
    let [count, bytes] = [0, 0]
    for (const text of this.#waiting) {
      bytes += Buffer.byteLength(text)
      if (count > 0 && bytes > MAX_WRITE_BYTES) break
      count++
    }
    return this.#waiting.splice(0, count).join('')
  }

  async #writeBytes(all: Uint8Array): Promise<void> {
    let rest = all
    while (rest.length > 0) {
      const { bytes, code } = await this.#writer(rest)
      rest = rest.subarray(bytes)
      this.#waitingBytes -= bytes
      if (code === 'EAGAIN') await pause(RETRY_FULL_MS)
      else if (code !== null) {
        this.#events.onStalled?.(code)
        await pause(RETRY_ERROR_MS)
      }
    }
  }

  #resume(): void {
    if (!this.#isDropping || this.#waitingBytes > this.#maxWaiting / 2) return
    const lines = this.#dropped
    this.#isDropping = false
    this.#dropped = 0
    this.#events.onResumed?.(lines)
  }
}

/** A timer that does not keep the process alive. */
const pause = (millis: number) => new Promise<void>((resolve) => void setTimeout(resolve, millis).unref())

/**
 * Writes to a descriptor on its own thread. Bun has only two threads for such work, and one that waits for a
 * reader would be missing for files and host names. `process.stdout` and `Bun.stdout` block when a terminal
 * is stopped (Bun 1.4.5).
 */
export function newThreadWriter(descriptor: number): Writer {
  const thread = new Worker(new URL('./output-thread.ts', import.meta.url), { ref: false })
  const withoutThread = newPoolWriter(descriptor)
  let isLost = false
  let finish: ((written: Written) => void) | null = null
  thread.onmessage = ({ data }: MessageEvent<Written>) => finish?.(data)
  thread.addEventListener('close', () => {
    isLost = true
    finish?.({ bytes: 0, code: 'EAGAIN' })
  })
  return (bytes) => {
    if (isLost) return withoutThread(bytes)
    return new Promise((resolve) => {
      finish = resolve
      thread.postMessage({ descriptor, bytes })
    })
  }
}

/** Writes to a descriptor on one of Bun's own threads. */
const newPoolWriter =
  (descriptor: number): Writer =>
  (bytes) =>
    new Promise((resolve) => {
      write(descriptor, bytes, (error, written) => {
        resolve({ bytes: error === null ? written : 0, code: error?.code ?? null })
      })
    })

/** Standard error, for rare messages, one write at a time in the whole process. */
export const standardError = new Output(newPoolWriter(2))
