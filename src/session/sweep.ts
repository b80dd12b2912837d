import type { Millis, Store } from '../store/store.ts'
import type { Clock, Lifetime } from './lifetime.ts'

/** How many sessions are deleted in one step: few, so that a write behind it waits briefly. */
const SWEEP_BATCH = 200

/**
 * Pause after a step, as a multiple of its duration. A tenth of the time sweeps some hundreds of sessions per
 * second, and logins are fewer.
 */
const REST_FACTOR = 9

/**
 * The longest pause after a step. A step that took more than a ninth of it was waiting rather than working.
 */
const MAX_REST_MS: Millis = 1_000

/** The pause between the end of a round and the next. */
const ROUND_PAUSE_MS: Millis = 60_000

/**
 * Deletes what is left of ended sessions, in rounds of small steps, until stopped. A failed round is tried
 * again.
 */
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
    if (!stopped) timer = setTimeout(round, ROUND_PAUSE_MS)
  }
  timer = setTimeout(round, 0)
  return {
    stop(): void {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** A clock and pauses for sweeping. */
export interface Pace {
  isStopped(): boolean
  /** Milliseconds of a monotonic clock. */
  elapsed(): number
  /** Resolves after `period` milliseconds. */
  rest(period: number): Promise<void>
}

/**
 * Sweeps all sessions that ended at or before `endedBefore`. After each step it pauses for 9 times as long as
 * the step took. So it leaves nine tenths of the writing thread, disk and processor to others, however many
 * sessions have ended.
 */
export async function sweepAll(store: Store, endedBefore: Millis, pace: Pace): Promise<number> {
  let swept = 0
  while (!pace.isStopped()) {
    const began = pace.elapsed()
    const batch = await store.sweepSessions(endedBefore, SWEEP_BATCH)
    swept += batch
    if (batch < SWEEP_BATCH) break
    await pace.rest(Math.min(REST_FACTOR * (pace.elapsed() - began), MAX_REST_MS))
  }
  return swept
}
