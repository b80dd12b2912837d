import { idOf, newToken } from '../src/session/token.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import type { Millis, Store } from '../src/store/store.ts'

/**
 * How sessions are created that logins could not create in time: through the store, beside the running
 * server.
 */
interface Seeding {
  readonly count: number
  /** When they begin and end. Sessions that ended long ago are for the sweep. */
  readonly beganAt: Millis
  readonly endsAt: Millis
  readonly attributes: Readonly<Record<string, string>>
}

const BOUNDS = { maxAttributes: 1_024, maxBytes: 1_048_576, shareBytes: 1_048_576, maxUserBytes: 1_048_576 }

export const openBeside = (path: string): Promise<Store> =>
  openSqliteStore(path, { alone: false, create: false })

/** Creates sessions of the admin and returns their cookies. */
export async function seed(store: Store, seeding: Seeding): Promise<string[]> {
  const { count, beganAt, endsAt, attributes } = seeding
  const user = await store.readUser('admin')
  if (user === null) throw new Error('There is no user admin.')
  const tokens = Array.from({ length: count }, () => newToken(false))
  const begun = tokens.map(async (token) => {
    const id = idOf(token)
    const outcome = await store.insertSession({
      id,
      uname: user.uname,
      generation: user.generation,
      beganAt,
      endsAt,
      latestEndsAt: endsAt,
      address: '127.0.0.1',
      userAgent: '',
      maxSessions: 1_000_000_000,
    })
    if (outcome !== 'inserted') throw new Error(`A session could not be made: ${outcome}`)
    const pairs = new Map(Object.entries(attributes))
    if (pairs.size > 0) await store.putAttributes(id, pairs, BOUNDS, { now: beganAt, version: null })
  })
  await Promise.all(begun)
  return tokens.map((token) => `zsessionid=${token}`)
}
