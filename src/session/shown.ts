import { handleOf, type Millis, type StoredSession } from '../store/store.ts'

/** Formats an instant as RFC 3339 in UTC. */
export const instant = (at: Millis): string => new Date(at).toISOString()

/** Returns a session as lists show it, over HTTP and on the command line: with its handle, never its id. */
export const shown = (session: StoredSession) => ({
  handle: handleOf(session.id),
  uname: session.uname,
  beganAt: instant(session.beganAt),
  usedAt: instant(session.usedAt),
  endsAt: instant(session.endsAt),
  address: session.address,
  userAgent: session.userAgent,
})
