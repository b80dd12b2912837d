import { StoreFault } from './errors.ts'

/**
 * Pauses between attempts, in milliseconds: the first and the longest. Each is twice as long as the one
 * before.
 */
export interface Backoff {
  readonly first: number
  readonly longest: number
}

/** Returns the pause after this many failed attempts, counted from 0, in milliseconds. */
export const pauseAfter = (attempts: number, { first, longest }: Backoff): number =>
  Math.min(longest, first * 2 ** attempts)

/**
 * Settles as `work` does, or rejects with the error of `late` after `millis` milliseconds. `work` itself goes
 * on.
 */
export async function within<T>(millis: number, work: Promise<T>, late: () => Error): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(late()), millis)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** What is tried again, and for how long. */
export interface Patience {
  /** Milliseconds after which the next error is thrown. */
  readonly millis: number
  readonly backoff: Backoff
  /** Tells whether an error may pass by itself. */
  passes(error: unknown): boolean
}

/** Calls `work` until it succeeds. Throws an error that does not pass, and the last one in the end. */
export async function retry<T>(work: () => T | Promise<T>, patience: Patience): Promise<T> {
  const deadline = performance.now() + patience.millis
  for (let attempts = 0; ; attempts++) {
    try {
      return await work()
    } catch (error) {
      if (!patience.passes(error) || performance.now() > deadline) throw error
      await Bun.sleep(pauseAfter(attempts, patience.backoff))
    }
  }
}

/** How a start asks a store that may not answer yet. */
const START: Patience = {
  millis: 5_000,
  backoff: { first: 20, longest: 200 },
  passes: (error) => error instanceof StoreFault && error.code === 'store_unavailable',
}

/**
 * Calls `ask` until it resolves, so that a slow moment of the store does not end a start. Throws the last
 * `StoreFault` after 5 seconds. `ask` must be safe to repeat.
 */
export const untilAnswered = <T>(ask: () => Promise<T>): Promise<T> => retry(ask, START)
