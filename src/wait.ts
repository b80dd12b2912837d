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

/** How long a start keeps asking a store, and the pauses in between, in milliseconds. */
const START_MS = 5_000
const START_BACKOFF: Backoff = { first: 20, longest: 200 }

/**
 * Calls `ask` until it resolves, so that a slow moment of the store does not end a start. Throws the last
 * `StoreFault` after 5 seconds. `ask` must be safe to repeat.
 */
export async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + START_MS
  for (let attempts = 0; ; attempts++) {
    try {
      return await ask()
    } catch (error) {
      const isAway = error instanceof StoreFault && error.code === 'store_unavailable'
      if (!isAway || performance.now() > deadline) throw error
      await Bun.sleep(pauseAfter(attempts, START_BACKOFF))
    }
  }
}
