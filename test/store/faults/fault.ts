import type { Condition, Store, StoredSession } from '../../../src/store/store.ts'

/** What is wrong with a store that is otherwise the one that it is given. */
export type Fault = (good: Store) => Partial<Store>

/** More than there is of anything. */
export const ALL = 10_000

/** The first session of whomever that is meant, also if its time has run out. */
export const firstWhere = async (
  good: Store,
  isMeant: (session: StoredSession) => boolean,
): Promise<StoredSession | null> => (await good.listSessions({}, null, ALL, 0)).items.find(isMeant) ?? null

/** Lets everybody else go first. */
export const later = () => new Promise<void>((resolve) => setImmediate(resolve))

/** All attributes of a session, none if there is none. */
export const readAll = async (good: Store, id: string, { now }: Condition) =>
  (await good.readSession(id, 'all', now))?.attributes ?? new Map<string, string>()
