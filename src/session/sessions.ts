import { Refusal } from '../errors.ts'
import type { Bounds } from '../store/bounds.ts'
import {
  type Attributes,
  handleOf,
  type LiveSession,
  type Millis,
  type Page,
  type ReadSession,
  type SessionFilter,
  type Store,
  type StoredSession,
  type WriteOutcome,
} from '../store/store.ts'
import { Admission, type Displaced, type SessionLimit } from './admission.ts'
import { type Clock, endAfter, type Lifetime } from './lifetime.ts'
import {
  type Limits,
  requireAttributes,
  requireKeys,
  seenAttributes,
  tooLarge,
  tooMany,
  userTooLarge,
} from './limits.ts'
import { idOf, isPreLogin, isPreLoginToken, newPreLoginToken, newToken, type Token } from './token.ts'
import type { Touches } from './touches.ts'

/** What a login knows about the session it begins. */
export interface Beginning {
  readonly uname: string
  readonly generation: number
  readonly address: string
  readonly userAgent: string
  readonly isProtected: boolean
  /** Whether the password was a first one, which the user must change. */
  readonly isFirst: boolean
  /** A pre-login token that a program presented and keeps, or null for a new token. */
  readonly keep: Token | null
  /** Tokens whose sessions end with this login. */
  readonly replaced: readonly Token[]
}

/** A session after a write. */
export interface Written {
  readonly id: string
  readonly version: number
}

interface Parts {
  readonly store: Store
  readonly limits: Limits
  readonly lifetime: Lifetime
  readonly touches: Touches
  readonly clock: Clock
  /** Signs pre-login tokens. The same on every node. */
  readonly secret: string
  readonly limit: SessionLimit
  /** Called with sessions that ended because a login exceeded the limit. */
  displaced(displaced: Displaced): void
  /** Called for failures in the background. */
  fault(error: unknown): void
}

/** How many sessions end in one step; other requests are answered in between. */
const END_BATCH = 500

const NO_ATTRIBUTES: Attributes = new Map()

/** Longest user agent that is stored, in characters. */
const USER_AGENT_LENGTH = 256

const boundsOf = (limits: Limits): Bounds => ({
  maxAttributes: limits.attributes,
  maxBytes: limits.sessionBytes,
  shareBytes: limits.shareBytes,
  maxUserBytes: limits.userBytes,
})

/**
 * All operations on sessions. A method that takes a token does nothing, and reports that, if the session is
 * not live.
 */
export class Sessions {
  readonly #store: Store
  readonly #limits: Limits
  readonly #bounds: Bounds
  readonly #lifetime: Lifetime
  readonly #touches: Touches
  readonly #clock: Clock
  readonly #secret: string
  readonly #admission: Admission

  constructor({ store, limits, lifetime, touches, clock, secret, ...parts }: Parts) {
    this.#admission = new Admission({ ...parts, store, clock, withUse: () => touches.applying() })
    this.#store = store
    this.#limits = limits
    this.#bounds = boundsOf(limits)
    this.#lifetime = lifetime
    this.#touches = touches
    this.#clock = clock
    this.#secret = secret
  }

  newPreLoginToken(): Token {
    return newPreLoginToken(this.#secret, this.#clock())
  }

  isPreLoginToken(token: Token): boolean {
    return isPreLoginToken(token, this.#secret, this.#clock(), this.#lifetime.preLogin)
  }

  /**
   * Tells whether a pre-login token belongs to a live session of this user. Counts as a use of the session.
   */
  async isKeptBy(uname: string, token: Token): Promise<boolean> {
    return isPreLogin(token) && (await this.read(token, []))?.uname === uname
  }

  /**
   * Returns the token of a new session; null if the user changed since the password check. Throws if the user
   * has too many.
   */
  async begin(beginning: Beginning): Promise<Token | null> {
    const { keep, isProtected, isFirst, generation, replaced, ...login } = beginning
    const now = this.#clock()
    const latestEndsAt = now + this.#lifetime.absolute
    const token = keep ?? newToken(isProtected, isFirst)
    const session = {
      id: idOf(token),
      uname: login.uname,
      generation,
      beganAt: now,
      endsAt: endAfter(now, latestEndsAt, this.#lifetime),
      latestEndsAt,
      address: login.address,
      userAgent: login.userAgent.slice(0, USER_AGENT_LENGTH).toWellFormed(),
    }
    const outcome = await this.#admission.insert(session, replaced.map(idOf))
    if (outcome === 'user_changed') return null
    if (outcome === 'id_taken' && (await this.isKeptBy(login.uname, token))) return token
    // The pre-login token is used up, so this login gets a token of its own.
    if (outcome === 'id_taken') return this.begin({ ...beginning, keep: null })
    return token
  }

  /** Returns the session with the named attributes, or all, as its user sees them. Counts as a use. */
  async read(token: Token, keys: readonly string[] | 'all'): Promise<ReadSession | null> {
    const id = idOf(token)
    const now = this.#clock()
    const session = await this.#store.readSession(id, keys === 'all' ? keys : requireKeys(keys), now)
    const writing = session === null ? null : this.#touches.note(id, session, now)
    if (writing !== null) await writing
    return keys === 'all' ? asSeen(session) : session
  }

  /** Like `read`, but does not count as a use. */
  async look(token: Token, keys: readonly string[] | 'all'): Promise<ReadSession | null> {
    const wanted = keys === 'all' ? keys : requireKeys(keys)
    const session = await this.#store.readSession(idOf(token), wanted, this.#clock())
    return keys === 'all' ? asSeen(session) : session
  }

  /**
   * Returns the tokens that have live sessions, in the same order. A single token is returned without a
   * lookup.
   */
  async liveAmong(tokens: readonly Token[]): Promise<readonly Token[]> {
    if (tokens.length < 2) return tokens
    const byId = new Map(tokens.map((token) => [idOf(token), token]))
    const found = await this.#store.findSessions([...byId.keys()], this.#clock())
    return found.flatMap(({ id }) => byId.get(id) ?? [])
  }

  /** Ends the live sessions of these tokens. */
  async endAll(tokens: readonly Token[]): Promise<void> {
    const live = await this.liveAmong(tokens)
    await Promise.all(live.map((token) => this.end(token)))
  }

  /** Returns until when a session counts as fresh, so that it need not give the password again. */
  freshUntil({ beganAt }: LiveSession): Millis {
    return beganAt + this.#lifetime.fresh
  }

  isFresh(session: LiveSession): boolean {
    return this.#clock() < this.freshUntil(session)
  }

  /** The limits on a session's attributes. */
  get limits(): Limits {
    return this.#limits
  }

  /** Returns when the session ends if this use is its last. */
  endOf({ latestEndsAt }: LiveSession): Millis {
    return endAfter(this.#clock(), latestEndsAt, this.#lifetime)
  }

  /**
   * Puts all pairs or none. Returns the session afterwards, or null if there is no live one. Throws if a
   * limit is exceeded, or if the session's version is not `version` (null: any version).
   */
  async put(
    token: Token,
    pairs: readonly (readonly [string, string])[],
    version: number | null,
  ): Promise<Written | null> {
    const attributes = requireAttributes(pairs, this.#limits)
    const id = idOf(token)
    const now = this.#clock()
    const outcome = await this.#store.putAttributes(id, attributes, this.#bounds, { now, version })
    return this.#written(id, now, outcome, attributes)
  }

  /** Removes the named attributes, or all but those of applications. Otherwise like `put`. */
  async remove(
    token: Token,
    keys: readonly string[] | 'all',
    version: number | null,
  ): Promise<Written | null> {
    const removal = keys === 'all' ? 'unreserved' : requireKeys(keys)
    const id = idOf(token)
    const now = this.#clock()
    const outcome = await this.#store.removeAttributes(id, removal, { now, version })
    return this.#written(id, now, outcome, NO_ATTRIBUTES)
  }

  /** Ends the session of a token. Returns false if it was not live. */
  async end(token: Token): Promise<boolean> {
    return this.#store.endSession(handleOf(idOf(token)), null, 'logout', this.#clock())
  }

  /**
   * Ends the session of a handle, if it belongs to this user (null: any user). Returns false if there was
   * none.
   */
  async revoke(handle: string, uname: string | null): Promise<boolean> {
    return this.#store.endSession(handle, uname, 'revoked', this.#clock())
  }

  /** Ends every session. Returns how many. */
  revokeAll(): Promise<number> {
    return endAll(this.#store, this.#clock)
  }

  /**
   * Returns live sessions as the store lists them, latest login first, including the uses that only this
   * process knows.
   */
  async list(filter: SessionFilter, after: string | null, limit: number): Promise<Page<StoredSession>> {
    const withUse = this.#touches.applying()
    const page = await this.#store.listSessions(filter, after, limit, this.#clock())
    return { ...page, items: page.items.map(withUse) }
  }

  /**
   * Returns how many sessions of a user, or (null) of all users, are live, as exactly as the store counts.
   */
  count(uname: string | null): Promise<number> {
    return this.#store.countSessions(uname, this.#clock())
  }

  async #written(
    id: string,
    now: Millis,
    outcome: WriteOutcome,
    attributes: Attributes,
  ): Promise<Written | null> {
    if (outcome === 'absent') return null
    if (outcome === 'too_many') throw tooMany(attributes, this.#limits)
    if (outcome === 'too_large') throw tooLarge(attributes, this.#limits)
    if (outcome === 'user_too_large') throw userTooLarge(attributes, this.#limits)
    if (outcome === 'version_differs') {
      throw new Refusal(
        'changed_meanwhile',
        'The session has changed since it was read; nothing was stored. Read it again.',
      )
    }
    const writing = this.#touches.note(id, outcome, now)
    if (writing !== null) await writing
    return { id, version: outcome.version }
  }
}

/** Returns a session with all the attributes that its user may see. */
const asSeen = (session: ReadSession | null): ReadSession | null =>
  session === null ? null : { ...session, attributes: seenAttributes(session.attributes) }

/** Ends every session in a store, in steps between which other requests are answered. Returns how many. */
export async function endAll(store: Store, clock: Clock): Promise<number> {
  let ended = 0
  for (;;) {
    const batch = await store.endSessions(END_BATCH, clock())
    ended += batch
    if (batch < END_BATCH) return ended
  }
}
