import type { Millis } from '../store/store.ts'

/** Longest time for which only this process may know of a use. */
const MAX_TOUCH_PERIOD_MS = 30_000

/** How far the clocks of two nodes may differ. */
export const CLOCK_LEEWAY = 60_000

/** Returns the current time. */
export type Clock = () => Millis

/** How long sessions live, in milliseconds. */
export interface Lifetime {
  /** A session ends this long after its last use. */
  readonly idle: Millis
  /** A session ends at most this long after its login. */
  readonly absolute: Millis
  /** A pre-login token can become a session's token for this long after its issue. */
  readonly preLogin: Millis
  /**
   * Ids of ended sessions stay reserved for this long, so that no pre-login token begins a second session.
   */
  readonly endedKept: Millis
  /**
   * For this long after its login, a session may end the user's other sessions without asking for the
   * password.
   */
  readonly fresh: Millis
  /** How often uses are written to the store. */
  readonly touchPeriod: Millis
}

/**
 * Returns when a session ends that was last used at `usedAt`: after the idle time, but never after its latest
 * end.
 */
export const endAfter = (usedAt: Millis, latestEndsAt: Millis, { idle }: Lifetime): Millis =>
  Math.min(usedAt + idle, latestEndsAt)

export const newLifetime = (
  { idle, lifetime, fresh }: { readonly idle: Millis; readonly lifetime: Millis; readonly fresh: Millis },
  preLogin: Millis,
): Lifetime => ({
  idle,
  absolute: lifetime,
  preLogin,
  // The issuing node's clock may be ahead of the accepting node's, and so may the sweeping node's.
  endedKept: preLogin + 2 * CLOCK_LEEWAY,
  fresh,
  touchPeriod: Math.max(1, Math.min(MAX_TOUCH_PERIOD_MS, Math.floor(idle / 60))),
})
