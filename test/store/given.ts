import { expect } from 'bun:test'
import { randomBytes } from 'node:crypto'
import type { Bounds } from '../../src/store/bounds.ts'
import {
  type Condition,
  handleOf,
  type Millis,
  type NewSession,
  type Page,
  type Store,
  type StoredSession,
  type StoredUser,
  type UserRule,
} from '../../src/store/store.ts'

/** What time it is in the laws, unless they say otherwise. */
export const now: Millis = Date.UTC(2030, 0, 1)
export const MINUTE: Millis = 60_000
export const HOUR: Millis = 60 * MINUTE

/** Bounds that nothing here reaches. */
export const roomy: Bounds = {
  maxAttributes: 1_000_000,
  maxBytes: 1_000_000_000,
  shareBytes: 1_000_000_000,
  maxUserBytes: 1_000_000_000_000,
}

/** A write at `now`, whatever the version. */
export const anyVersion: Condition = { now, version: null }

/** A rule that no user of these laws is a keeper by. */
export const noKeeper: UserRule = { now, keeper: 'nobody has this role', generation: null }

export const newId = () => randomBytes(32).toString('base64url')

/** So many, each made of its number. */
export const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))

/** A name that nothing else in the store has: of a user, a role or a secret. */
export const newName = () => `n-${randomBytes(12).toString('hex')}`

export async function givenUser(store: Store, fields: Partial<StoredUser> = {}): Promise<StoredUser> {
  const user: StoredUser = {
    uname: newName(),
    fullname: 'Ada Lovelace',
    email: 'ada@example.com',
    passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
    roles: [],
    disabled: false,
    generation: 7,
    ...fields,
  }
  expect(await store.insertUser(user)).toBe(true)
  return user
}

/** A session of this user, as a login at `now` would begin it. */
export const newSession = (
  { uname, generation }: Pick<StoredUser, 'uname' | 'generation'>,
  fields: Partial<NewSession> = {},
): NewSession => ({
  id: newId(),
  uname,
  generation,
  beganAt: now,
  endsAt: now + 30 * MINUTE,
  latestEndsAt: now + 12 * HOUR,
  address: '192.0.2.1',
  userAgent: 'Mozilla/5.0',
  maxSessions: 1_000_000,
  ...fields,
})

/** A session with its handle. */
export type Given = NewSession & { readonly handle: string }

export async function givenSessionOf(
  store: Store,
  user: Pick<StoredUser, 'uname' | 'generation'>,
  fields: Partial<NewSession> = {},
): Promise<Given> {
  const session = newSession(user, fields)
  expect(await store.insertSession(session)).toBe('inserted')
  return { ...session, handle: handleOf(session.id) }
}

/** A session of a user of its own. */
export const givenSession = async (store: Store, fields: Partial<NewSession> = {}): Promise<Given> =>
  givenSessionOf(store, await givenUser(store), fields)

export const put = (store: Store, id: string, attributes: Iterable<readonly [string, string]>) =>
  store.putAttributes(id, new Map(attributes), roomy, anyVersion)

/** Puts, fails if it was refused, and reads, so that a store which remembers what was read has something to forget. */
export async function givenAttributes(
  store: Store,
  id: string,
  attributes: Iterable<readonly [string, string]>,
): Promise<void> {
  expect(await put(store, id, attributes)).toMatchObject({ version: expect.any(Number) })
  await store.readSession(id, 'all', now)
}

/** All attributes, sorted by key; null: there is no live session. */
export async function attributesOf(store: Store, id: string, at: Millis = now) {
  const session = await store.readSession(id, 'all', at)
  return session && [...session.attributes].sort(([a], [b]) => (a < b ? -1 : 1))
}

export const isLive = async (store: Store, id: string, at: Millis = now) =>
  (await store.readSession(id, [], at)) !== null

/** Everything that pages of this size give, one after the other. Fails if they do not come to an end. */
export async function pagesOf<T>(read: (after: string | null) => Promise<Page<T>>): Promise<readonly T[][]> {
  const pages: T[][] = []
  let after: string | null = null
  do {
    const page: Page<T> = await read(after)
    pages.push([...page.items])
    after = page.next
    expect(pages.length).toBeLessThan(50)
  } while (after !== null)
  return pages
}

/** The ids of all live sessions of a user or (null) of all, in the order of the list. */
export async function idsOf(
  store: Store,
  uname: string | null,
  at: Millis = now,
): Promise<readonly string[]> {
  const pages = await pagesOf<StoredSession>((after) =>
    store.listSessions({ uname: uname ?? undefined }, after, 100, at),
  )
  return pages.flat().map(({ id }) => id)
}

/** Clocks by which a session that was ended must be absent, from the epoch on. */
export const clocks = ({ beganAt, endsAt }: NewSession): readonly Millis[] => [
  0,
  beganAt - 1,
  beganAt,
  endsAt - 1,
  endsAt,
]
