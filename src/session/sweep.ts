import type { Millis, Store } from '../store/store.ts'
import type { Clock, Lifetime } from './lifetime.ts'

/** Sessions deleted in one step: few, so that a write which waits behind it waits little. */
const BATCH = 200

/** How many times as long as a step took is rested from it: a tenth of the time is enough for some hundreds in a second, and logins are fewer. */
const REST = 9

/** The longest that a step is rested from: one that took more than a ninth of that had to wait for something else than its work. */
const LONGEST_REST: Millis = 1_000

/** How long a round is waited for after the one before it has ended. */
const PAUSE: Millis = 60_000

/** Deletes what is left of ended sessions, in small steps and in rounds, until it is stopped. A round that fails is tried again. */
export function startSweeping(
  store: Store,
  lifetime: Lifetime,
  clock: Clock,
  fault: (fault: unknown) => void,
) {
  let timer: NodeJS.Timeout
  let stopped = false
  const round = async () => {
    try {
      await sweepAll(store, clock() - lifetime.endedKept, {
        isStopped: () => stopped,
        elapsed: () => performance.now(),
        rest: Bun.sleep,
      })
    } catch (error) {
      fault(error)
    }
    if (!stopped) timer = setTimeout(round, PAUSE)
  }
  timer = setTimeout(round, 0)
  return {
    stop(): void {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** The time that sweeping takes and leaves. */
export interface Pace {
  isStopped(): boolean
  /** Milliseconds since some instant, by a clock that nobody sets. */
  elapsed(): number
  /** Resolves after so many milliseconds. */
  rest(period: number): Promise<void>
}

/**
 * Sweeps all that ended at or before `endedBefore`. After each step it rests for nine times as long as the step took, and so leaves nine
 * tenths of the thread that writes, and of the disk and its processor, to others, however many sessions have ended.
 */
export async function sweepAll(store: Store, endedBefore: Millis, pace: Pace): Promise<number> {
  let swept = 0
  while (!pace.isStopped()) {
    const began = pace.elapsed()
    const batch = await store.sweepSessions(endedBefore, BATCH)
    swept += batch
    if (batch < BATCH) break
    await pace.rest(Math.min(REST * (pace.elapsed() - began), LONGEST_REST))
  }
  return swept
}
