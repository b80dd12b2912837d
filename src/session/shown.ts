import { handleOf, type Millis, type StoredSession } from '../store/store.ts'

/** An instant as programs are told it: RFC 3339, in UTC. */
export const instant = (at: Millis): string => new Date(at).toISOString()

/** A session as lists show it, over HTTP and on the command line: by its handle, never by its id. */
export const shown = (session: StoredSession) => ({
  handle: handleOf(session.id),
  uname: session.uname,
  beganAt: instant(session.beganAt),
  usedAt: instant(session.usedAt),
  endsAt: instant(session.endsAt),
  address: session.address,
  userAgent: session.userAgent,
})
