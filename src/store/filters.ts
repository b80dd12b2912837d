import type { EventFilter, SessionFilter, StoredEvent, StoredSession } from './store.ts'

/** Whether a session is of the user and the address. Of a handle there is but one, which is found without looking. */
export const isOf = ({ uname, address }: SessionFilter, session: StoredSession): boolean =>
  (uname === undefined || session.uname === uname) && (address === undefined || session.address === address)

export const isAmong = ({ kind, uname, since }: EventFilter, event: StoredEvent): boolean =>
  event.at >= since &&
  (kind === undefined || event.kind === kind) &&
  (uname === undefined || event.uname === uname)
