import { StoreFault } from './errors.ts'

/** Pauses between attempts, in milliseconds: the first, and the longest. Each is twice as long as the one before. */
export interface Backoff {
  readonly first: number
  readonly longest: number
}

/** The pause after this many attempts that failed, counted from 0, in milliseconds. */
export const pauseAfter = (attempts: number, { first, longest }: Backoff): number =>
  Math.min(longest, first * 2 ** attempts)

/** Resolves as `work` does, or rejects with the error of `late` after so many milliseconds; `work` itself goes on. */
export async function within<T>(millis: number, work: Promise<T>, late: () => Error): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(late()), millis)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** How long a start asks a store again, in milliseconds, and the pauses between. */
const START_MS = 5_000
const START_BACKOFF: Backoff = { first: 20, longest: 200 }

/**
 * Asks a store until it answers, so that a moment in which it is slow does not end a start. Throws the last `StoreFault` after
 * 5 seconds. What is asked must do no harm when it is done twice.
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
