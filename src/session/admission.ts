import { Refusal } from '../errors.ts'
import {
  handleOf,
  type InsertOutcome,
  type NewSession,
  type Store,
  type StoredSession,
} from '../store/store.ts'
import type { Clock } from './lifetime.ts'

/** How many live sessions a user may have, and what happens at a login beyond that. */
export interface SessionLimit {
  readonly perUser: number
  /** `end-oldest` ends the session that has been unused for longest. `refuse` refuses the login. */
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
  /** Returns a function that adds to a session the use that the store may not know yet. */
  withUse(): (session: StoredSession) => StoredSession
  displaced(displaced: Displaced): void
  fault(error: unknown): void
}

/** How many sessions of one user end in one step: few enough to delay no other request for long. */
const END_BATCH = 100

/**
 * How many sessions a step reads besides those it ends. With more, it ends the earliest logins first, not the
 * least used.
 */
const SCAN_LIMIT = 1_000

/** How many sessions one login ends before it is answered. The rest of the excess ends in the background. */
const MAX_ENDED = 500

/** Milliseconds between two attempts when logins of one user conflict, and for how long a login retries. */
const PAUSE_MS = 10
const PATIENCE_MS = 5_000

const UNBOUNDED = Number.MAX_SAFE_INTEGER

/** Begins sessions for logins, up to the limit per user. */
export class Admission {
  readonly #parts: Parts
  /** Users whose excess sessions are being ended in the background. */
  readonly #trimming = new Set<string>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Adds a session. A login may exceed the limit for a moment: the user's own sessions among the `replaced`
   * ids end with it and so make room. Throws if the limit is reached and the setting says `refuse`.
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

  /**
   * Ends sessions of the user until there is room for one more. Each of several simultaneous logins makes its
   * own room.
   */
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

  /**
   * Ends the user's least recently used sessions, at most one step, until `keep` are left. Returns how many.
   */
  async #endSome(uname: string, keep: number): Promise<number> {
    const { store, clock, withUse, displaced } = this.#parts
    const looked = Math.min(keep, SCAN_LIMIT) + END_BATCH
    const addUse = withUse()
    const sessions = (await store.earliestSessions(uname, looked, clock())).map(addUse)
    const isAll = sessions.length < looked
    // If there are more sessions than a step reads, we know only that there is no room for another.
    const over = isAll ? sessions.length - keep : keep > SCAN_LIMIT ? 1 : END_BATCH
    const least = sessions
      .sort((a, b) => a.usedAt - b.usedAt)
      .slice(0, Math.min(Math.max(over, 0), END_BATCH))
    const handles = await Promise.all(
      least.map(async ({ id }) =>
        (await store.endSession(handleOf(id), uname, 'revoked', clock())) ? [handleOf(id)] : [],
      ),
    )
    const ended = handles.flat()
    if (ended.length > 0) displaced({ uname, handles: ended })
    return ended.length
  }

  /**
   * Brings a user with far too many sessions, such as from before there was a limit, down to it step by step.
   */
  async #trim(uname: string): Promise<void> {
    if (this.#trimming.has(uname)) return
    this.#trimming.add(uname)
    try {
      while ((await this.#endSome(uname, this.#parts.limit.perUser)) > 0) await Bun.sleep(PAUSE_MS)
    } catch (error) {
      // The next login continues it.
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
