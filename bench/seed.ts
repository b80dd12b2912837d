import { statSync } from 'node:fs'
import { join } from 'node:path'
import { idOf } from '../src/session/token.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import type { Store } from '../src/store/store.ts'
import { attributesOf, tokenOf, USERS, unameOf } from './sessions.ts'

/** The password of every user of the bench. */
export const PASSWORD = 'a password of the bench'

/** The longest life of a session that began with a login. */
export const LIFETIME = 12 * 3_600_000

/** The most common browser's user agent, since it is stored with every session. */
export const USER_AGENT =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

/** Sessions that are put at once: as many as share a commit. */
const BATCH = 2_000

export interface Seeding {
  /** Live sessions, with numbers from 0 on. */
  readonly count: number
  /** Attributes of each. */
  readonly attributes: number
  /** Further sessions that ended long ago and wait for the sweep. */
  readonly ended?: number
}

export const databaseIn = (data: string): string => join(data, 'cloakroom.db')

/** Makes a database with sessions in a data folder. Returns the file's size in bytes. */
export async function seed(data: string, { count, attributes, ended = 0 }: Seeding): Promise<number> {
  const path = databaseIn(data)
  const store = await openSqliteStore(path, { alone: false, create: true })
  try {
    await insertUsers(store)
    const now = Date.now()
    await insertSessions(store, { from: 0, count, attributes, beganAt: now })
    await insertSessions(store, { from: count, count: ended, attributes, beganAt: now - 3 * LIFETIME })
  } finally {
    await store.close()
  }
  return statSync(path).size
}

export async function insertUsers(store: Store): Promise<void> {
  const passwordHash = await Bun.password.hash(PASSWORD, {
    algorithm: 'argon2id',
    memoryCost: 19_456,
    timeCost: 2,
  })
  await Promise.all(
    Array.from({ length: USERS }, (_, i) =>
      store.insertUser({
        uname: unameOf(i),
        fullname: '',
        email: '',
        passwordHash,
        // With an admin, the server creates none at its start.
        roles: i === 0 ? ['admin'] : [],
        disabled: false,
        generation: 1,
      }),
    ),
  )
}

interface Inserting {
  readonly from: number
  readonly count: number
  readonly attributes: number
  readonly beganAt: number
}

async function insertSessions(store: Store, { from, count, attributes, beganAt }: Inserting): Promise<void> {
  const insert = async (i: number) => {
    const id = idOf(tokenOf(i))
    // Not awaited: the store runs them in order, in the same commit.
    const inserted = store.insertSession({
      id,
      uname: unameOf(i),
      generation: 1,
      beganAt,
      endsAt: beganAt + LIFETIME,
      latestEndsAt: beganAt + LIFETIME,
      address: '198.51.100.23',
      userAgent: USER_AGENT,
      maxSessions: 1_000_000_000,
    })
    const put = store.putAttributes(
      id,
      attributesOf(i, attributes),
      { maxAttributes: 1_024, maxBytes: 1_048_576, shareBytes: 1_048_576, maxUserBytes: 1_048_576 },
      { now: beganAt, version: null },
    )
    if ((await inserted) !== 'inserted' || typeof (await put) === 'string')
      throw new Error(`Session ${i} could not be inserted.`)
  }
  for (let at = 0; at < count; at += BATCH) {
    const length = Math.min(BATCH, count - at)
    await Promise.all(Array.from({ length }, (_, k) => insert(from + at + k)))
  }
}
