import { StoreFault } from './errors.ts'
import type { Millis } from './store/store.ts'

/** For how long a start asks again, and how long it waits in between. */
const LONGEST: Millis = 5_000
const PAUSE: Millis = 50

/**
 * Asks a store until it answers: one that is slow for a moment, as on a machine that has just started, keeps no server from its start. Throws
 * the last `StoreFault` if that takes too long. What is asked has to do no harm when it is done twice.
 */
export async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  const latest = performance.now() + LONGEST
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isAway = error instanceof StoreFault && error.code === 'store_unavailable'
      if (!isAway || performance.now() > latest) throw error
      await Bun.sleep(PAUSE)
    }
  }
}
