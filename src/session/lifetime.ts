import type { Millis } from '../store/store.ts'

/** Longest time for which a use may be remembered by this process alone. */
const LONGEST_TOUCH_PERIOD = 30_000

/** How far the clocks of two nodes may differ. */
export const CLOCK_LEEWAY = 60_000

/** Says what time it is. */
export type Clock = () => Millis

/** How long sessions live, in milliseconds. */
export interface Lifetime {
  /** A session ends this long after its last use. */
  readonly idle: Millis
  /** A session ends this long after its login, whatever happens. */
  readonly absolute: Millis
  /** For this long after its issue, a pre-login token may become the token of a session. */
  readonly preLogin: Millis
  /** The ids of ended sessions stay taken for this long, so that no pre-login token begins a second session. */
  readonly endedKept: Millis
  /** For this long after its login, a session may end others of its user without the password being given again. */
  readonly fresh: Millis
  /** How often uses are written down. */
  readonly touchPeriod: Millis
}

/** When a session ends that was last used at this instant: after the idle time, and never after its latest end. */
export const endAfter = (usedAt: Millis, latestEndsAt: Millis, { idle }: Lifetime): Millis =>
  Math.min(usedAt + idle, latestEndsAt)

export const newLifetime = (
  { idle, lifetime, fresh }: { readonly idle: Millis; readonly lifetime: Millis; readonly fresh: Millis },
  preLogin: Millis,
): Lifetime => ({
  idle,
  absolute: lifetime,
  preLogin,
  // The node that issued the token may be ahead of the one that takes it, and the one that sweeps too.
  endedKept: preLogin + 2 * CLOCK_LEEWAY,
  fresh,
  touchPeriod: Math.max(1, Math.min(LONGEST_TOUCH_PERIOD, Math.floor(idle / 60))),
})
