import { isDeepStrictEqual } from 'node:util'
import { SetupError } from '../errors.ts'
import { matched } from './matched.ts'
import { allOf, LARGE_PAGE } from './pages.ts'
import { handleOf, type Millis, type ReadSession, type Store, type StoredSession } from './store.ts'

/** Sessions that are read or written at once: enough that commits are shared, few enough that none waits long for its turn. */
const AT_ONCE = 256

/** Told how far a copy is. */
export interface Progress {
  begin(doing: string, total: number): void
  advance(): void
}

/** What a store has, or what of it was found in the other one when the copy began. */
interface Counts {
  readonly users: number
  readonly sessions: number
}

/**
 * Adds to a store all users, secrets and live sessions of another one, which nobody may change meanwhile, and compares them in all that
 * they have. What is there already, because an earlier copy was broken off, is compared as well and left as it is. Throws a `SetupError`
 * that names what is in the target and not as in the source; nothing of it is overwritten.
 */
export async function copyStore(
  from: Store,
  to: Store,
  now: Millis,
  progress: Progress,
): Promise<{ readonly all: Counts; readonly there: Counts }> {
  const copy = new Copy(from, to, now)
  const all = await copy.count()
  if (all.users === 0) throw new SetupError('There are no users in the source. Is it the right one?')
  // Wholly before the first write, so that a store of others is left as it was.
  await copy.requireOwnUsers()
  await copy.requireOwnSecrets()

  progress.begin('Copying', all.users + all.sessions)
  const users = await copy.addUsers(() => progress.advance())
  const sessions = await copy.addSessions(() => progress.advance())
  progress.begin('Verifying', all.users + all.sessions)
  await copy.verify(() => progress.advance())
  return { all, there: { users: all.users - users, sessions: all.sessions - sessions } }
}

class Copy {
  readonly #from: Store
  readonly #to: Store
  /** One instant for all of it, so that no session runs out between two looks at it. */
  readonly #now: Millis
  /** Sessions that were used in the target since an earlier copy. */
  readonly #usedSince = new Set<string>()

  constructor(from: Store, to: Store, now: Millis) {
    this.#from = from
    this.#to = to
    this.#now = now
  }

  async count(): Promise<Counts> {
    const [users, sessions] = await Promise.all([
      lengthOf(this.#users(this.#from)),
      lengthOf(this.#sessions(this.#from)),
    ])
    return { users, sessions }
  }

  /** Every user of the target has to be in the source, and the same there. */
  async requireOwnUsers(): Promise<void> {
    for await (const [user, there] of this.#matchedUsers()) {
      if (there === null) continue
      if (user === null) {
        throw new SetupError(
          `The target has a user ${there.uname}, whom the source has not: it is not a copy of it. Name an empty store.`,
        )
      }
      requireNone(`The user ${user.uname}`, differing(user, there))
    }
  }

  async requireOwnSecrets(): Promise<void> {
    const there = await this.#to.listSecrets()
    for (const [name, secret] of await this.#from.listSecrets()) {
      requireNone(`The secret ${name}`, (there.get(name) ?? secret) === secret ? [] : ['value'])
    }
  }

  /** How many were not there, with the secrets, which are few. */
  async addUsers(advance: () => void): Promise<number> {
    let added = 0
    for (const [name, secret] of await this.#from.listSecrets()) await this.#to.readSecret(name, secret)
    await forEach(this.#matchedUsers(), async ([user, there]) => {
      if (user !== null && there === null && (await this.#to.insertUser(user))) added++
      advance()
    })
    return added
  }

  /** How many were not there. The others are compared first. */
  async addSessions(advance: () => void): Promise<number> {
    let added = 0
    await forEach(this.#matchedSessions(), async ([session, there]) => {
      if (session === null || there !== null) await this.#compare(session, there, 'found')
      else {
        await this.#restore(session)
        added++
      }
      advance()
    })
    return added
  }

  /** Reads everything back, and compares it. */
  async verify(advance: () => void): Promise<void> {
    await forEach(this.#matchedUsers(), async ([user, there]) => {
      if (user === null || there === null) throw changed(`the user ${(user ?? there)?.uname}`)
      requireNone(`The user ${user.uname}`, differing(user, there))
      advance()
    })
    await forEach(this.#matchedSessions(), async ([session, there]) => {
      await this.#compare(session, there, 'copied')
      advance()
    })
  }

  async #restore(session: StoredSession): Promise<void> {
    const { attributes } = await this.#read(session)
    if ((await this.#to.restoreSession(session, attributes)) === 'restored') return
    throw new SetupError(
      `The ${titleOf(session)} has ended in the target, where it was before. ` +
        'Servers have run on both since the last copy: begin anew with an empty store, or go on with the target as it is.',
    )
  }

  async #compare(
    session: StoredSession | null,
    there: StoredSession | null,
    since: 'found' | 'copied',
  ): Promise<void> {
    if (there === null) throw changed(`the ${titleOf(session as StoredSession)}`)
    if (session === null) {
      throw new SetupError(
        `The target has a ${titleOf(there)} that the source has not: it has ended there since, or began in the target. ` +
          'Begin anew with an empty store, or end it in the target: cloakroom session revoke.',
      )
    }
    const read = await this.#to.readSession(session.id, 'all', this.#now)
    const fields = new Set([
      ...differing(session, there),
      ...(read === null ? ['id'] : differing(await this.#read(session), read)),
    ])
    const isUsed = since === 'found' ? wasUsed(session, there) : this.#usedSince.has(session.id)
    if (isUsed) {
      fields.delete('usedAt')
      fields.delete('endsAt')
      this.#usedSince.add(session.id)
    }
    requireNone(`The ${titleOf(session)}`, [...fields])
  }

  async #read(session: StoredSession): Promise<ReadSession> {
    const read = await this.#from.readSession(session.id, 'all', this.#now)
    if (read === null || read.version !== session.version) throw changed(`the ${titleOf(session)}`)
    return read
  }

  #users(store: Store) {
    return allOf((after, limit) => store.listUsers(after, limit), LARGE_PAGE)
  }

  #sessions(store: Store) {
    return allOf((after, limit) => store.listSessions({}, after, limit, this.#now), LARGE_PAGE)
  }

  #matchedUsers() {
    return matched(this.#users(this.#from), this.#users(this.#to), ({ uname }) => uname)
  }

  #matchedSessions() {
    return matched(this.#sessions(this.#from), this.#sessions(this.#to), ({ id }) => id)
  }
}

const titleOf = ({ id, uname }: StoredSession) => `session ${handleOf(id)} of ${uname}`

/** Whether a session that is there has been used since it was copied. */
const wasUsed = (session: StoredSession, there: StoredSession) =>
  there.usedAt > session.usedAt && there.endsAt >= session.endsAt

/** The names of the fields that are not the same. */
const differing = <T extends object>(ours: T, theirs: T): string[] =>
  Object.entries(ours)
    .filter(([field, value]) => !isDeepStrictEqual(value, theirs[field as keyof T]))
    .map(([field]) => field)

function requireNone(what: string, fields: readonly string[]): void {
  if (fields.length === 0) return
  throw new SetupError(
    `${what} is in the target, and not as in the source (${fields.join(', ')}); nothing was overwritten. ` +
      'Either has changed since it was copied: stop the servers, and begin anew with an empty store.',
  )
}

const changed = (what: string) =>
  new SetupError(
    `The source or the target has changed while it was copied, first seen at ${what}. Stop the servers, and copy again.`,
  )

async function lengthOf(all: AsyncGenerator<unknown>): Promise<number> {
  let length = 0
  for await (const _ of all) length++
  return length
}

/** Does the work for each, several at once, in about their order. Stops at the first that fails. */
async function forEach<T>(all: AsyncGenerator<T>, work: (item: T) => Promise<void>): Promise<void> {
  const worker = async () => {
    for await (const each of all) await work(each)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
