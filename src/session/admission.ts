import { Refusal } from '../errors.ts'
import {
  handleOf,
  type InsertOutcome,
  type NewSession,
  type Store,
  type StoredSession,
} from '../store/store.ts'
import type { Clock } from './lifetime.ts'

/** How many live sessions a user may have, and what a login beyond that does. */
export interface SessionLimit {
  readonly perUser: number
  /** `end-oldest`: it ends the session that was not used for longest. `refuse`: it is refused. */
  readonly atLimit: 'end-oldest' | 'refuse'
}

/** A user's sessions that ended to make room for a login. */
export interface Displaced {
  readonly uname: string
  readonly handles: readonly string[]
}

type Admitted = Exclude<InsertOutcome, 'too_many'>

interface Parts {
  readonly store: Store
  readonly clock: Clock
  readonly limit: SessionLimit
  /** Adds to a session the use that the store may not know of yet. */
  withUse(): (session: StoredSession) => StoredSession
  displaced(displaced: Displaced): void
  fault(error: unknown): void
}

/** Sessions of one user that are ended together. A step of so many keeps nobody waiting for long. */
const STEP = 100

/** Sessions that a step looks at besides those that it ends: beyond that the earliest logins are ended first, by their last use. */
const LOOKED_AT = 1_000

/** Sessions that one login ends before it is answered; what is more than the limit after that is ended in the background. */
const MAX_ENDED = 500

/** Milliseconds between two attempts where logins of one user stand in each other's way, and for how long it is attempted. */
const PAUSE_MS = 10
const PATIENCE_MS = 5_000

const UNBOUNDED = Number.MAX_SAFE_INTEGER

/** Lets logins begin sessions, so many of each user. */
export class Admission {
  readonly #parts: Parts
  /** The users of whom more sessions are being ended. */
  readonly #trimming = new Set<string>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Adds a session. One login may have more than the limit for a moment: the sessions of `replaced` ids that are of this user end with it,
   * and so leave room. Refuses a login beyond the limit if the setting says so.
   */
  async insert(session: Omit<NewSession, 'maxSessions'>, replaced: readonly string[]): Promise<Admitted> {
    const { limit } = this.#parts
    const attempt = (maxSessions: number) => this.#parts.store.insertSession({ ...session, maxSessions })
    const outcome = await attempt(limit.perUser)
    if (outcome !== 'too_many') return outcome
    const more = await this.#countReplaced(session.uname, replaced)
    const retried = more === 0 ? outcome : await attempt(limit.perUser + more)
    if (retried !== 'too_many') return retried
    if (limit.atLimit === 'refuse') throw tooManySessions(limit)
    return this.#insertByEnding(session.uname, limit.perUser + more, attempt)
  }

  /** Ends sessions of the user until there is room for one more. Of logins that come at once each has to make its own. */
  async #insertByEnding(
    uname: string,
    maxSessions: number,
    attempt: (maxSessions: number) => Promise<InsertOutcome>,
  ): Promise<Admitted> {
    const deadline = performance.now() + PATIENCE_MS
    let most = maxSessions
    for (let ended = 0; ; ) {
      const count = await this.#endSome(uname, maxSessions - 1)
      if (count === 0) await Bun.sleep(PAUSE_MS)
      ended += count
      if (ended >= MAX_ENDED) {
        most = UNBOUNDED
        void this.#trim(uname)
      }
      const outcome = await attempt(most)
      if (outcome !== 'too_many') return outcome
      if (performance.now() > deadline) {
        throw new Refusal('busy', 'This user logs in too often at once. Try again in a few seconds.', 2)
      }
    }
  }

  async #countReplaced(uname: string, ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0
    const found = await this.#parts.store.findSessions(ids, this.#parts.clock())
    return found.filter((session) => session.uname === uname).length
  }

  /** Ends those sessions of a user that were not used for longest, a step of them at most, so that `keep` are left; how many. */
  async #endSome(uname: string, keep: number): Promise<number> {
    const { store, clock, withUse, displaced } = this.#parts
    const looked = Math.min(keep, LOOKED_AT) + STEP
    const addUse = withUse()
    const sessions = (await store.earliestSessions(uname, looked, clock())).map(addUse)
    const isAll = sessions.length < looked
    // Of a user with more than can be looked at it is known only that there is no room for another.
    const over = isAll ? sessions.length - keep : keep > LOOKED_AT ? 1 : STEP
    const least = sessions.sort((a, b) => a.usedAt - b.usedAt).slice(0, Math.min(Math.max(over, 0), STEP))
    const handles = await Promise.all(
      least.map(async ({ id }) =>
        (await store.endSession(handleOf(id), uname, 'revoked', clock())) ? [handleOf(id)] : [],
      ),
    )
    const ended = handles.flat()
    if (ended.length > 0) displaced({ uname, handles: ended })
    return ended.length
  }

  /** Brings a user who has very many sessions, as from before there was a limit, down to it, step by step. */
  async #trim(uname: string): Promise<void> {
    if (this.#trimming.has(uname)) return
    this.#trimming.add(uname)
    try {
      while ((await this.#endSome(uname, this.#parts.limit.perUser)) > 0) await Bun.sleep(PAUSE_MS)
    } catch (error) {
      // The next login goes on with it.
      this.#parts.fault(error)
    } finally {
      this.#trimming.delete(uname)
    }
  }
}

const tooManySessions = ({ perUser }: SessionLimit) =>
  new Refusal(
    'too_many_sessions',
    `You are logged in ${perUser} ${perUser === 1 ? 'time' : 'times'} already, which is as often as you may be. Log out somewhere else first.`,
  )
