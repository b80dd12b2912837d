import type { Millis, Store } from '../store/store.ts'
import type { Clock, Lifetime } from './lifetime.ts'

/** Sessions deleted in one step: few, so that a write which waits behind it waits little. */
const BATCH = 200

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
      await sweepAll(store, clock() - lifetime.preLogin, () => stopped)
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

/** Sweeps all that ended at or before `endedBefore`; other writes come between the steps. */
export async function sweepAll(store: Store, endedBefore: Millis, isStopped: () => boolean): Promise<number> {
  let swept = 0
  while (!isStopped()) {
    const batch = await store.sweepSessions(endedBefore, BATCH)
    swept += batch
    if (batch < BATCH) break
  }
  return swept
}
