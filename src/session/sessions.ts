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

/** What a login knows of the one that it begins a session for. */
export interface Beginning {
  readonly uname: string
  readonly generation: number
  readonly address: string
  readonly userAgent: string
  readonly isProtected: boolean
  /** Whether the password was a first one, which its user has to change. */
  readonly isFirst: boolean
  /** A pre-login token that a program presented and goes on using, or null for a new token. */
  readonly keep: Token | null
  /** Tokens whose sessions end with this login. */
  readonly replaced: readonly Token[]
}

/** A session as it is after a write. */
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
  /** Signs pre-login tokens; the same on every node. */
  readonly secret: string
  readonly limit: SessionLimit
  /** Told of sessions that ended since their user logged in once more than may be. */
  displaced(displaced: Displaced): void
  /** Told of what failed in the background. */
  fault(error: unknown): void
}

/** Sessions that end in one step while others are answered. */
const END_BATCH = 500

const NO_ATTRIBUTES: Attributes = new Map()

/** Longest user agent that is remembered, in characters. */
const USER_AGENT_LENGTH = 256

const boundsOf = (limits: Limits): Bounds => ({
  maxAttributes: limits.attributes,
  maxBytes: limits.sessionBytes,
  shareBytes: limits.shareBytes,
  maxUserBytes: limits.userBytes,
})

/** Everything that can be done with sessions. A method that takes a token does nothing, and says so, if its session is not live. */
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

  /** Whether a pre-login token was kept for a live session of this user. That counts as a use of the session. */
  async isKeptBy(uname: string, token: Token): Promise<boolean> {
    return isPreLogin(token) && (await this.read(token, []))?.uname === uname
  }

  /** The token of a new session; null if the user has changed since the password was checked. Refuses it to one who has too many. */
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
    // The pre-login token is used up: this login gets a token of its own.
    if (outcome === 'id_taken') return this.begin({ ...beginning, keep: null })
    return token
  }

  /** The session with the named attributes, or all, as its user sees them. Counts as a use of it. */
  async read(token: Token, keys: readonly string[] | 'all'): Promise<ReadSession | null> {
    const id = idOf(token)
    const now = this.#clock()
    const session = await this.#store.readSession(id, keys === 'all' ? keys : requireKeys(keys), now)
    const writing = session === null ? null : this.#touches.note(id, session, now)
    if (writing !== null) await writing
    return keys === 'all' ? asSeen(session) : session
  }

  /** The same without using it. */
  async look(token: Token, keys: readonly string[] | 'all'): Promise<ReadSession | null> {
    const wanted = keys === 'all' ? keys : requireKeys(keys)
    const session = await this.#store.readSession(idOf(token), wanted, this.#clock())
    return keys === 'all' ? asSeen(session) : session
  }

  /** Of several tokens those that have live sessions, in their order. A single one is not looked up. */
  async liveAmong(tokens: readonly Token[]): Promise<readonly Token[]> {
    if (tokens.length < 2) return tokens
    const byId = new Map(tokens.map((token) => [idOf(token), token]))
    const found = await this.#store.findSessions([...byId.keys()], this.#clock())
    return found.flatMap(({ id }) => byId.get(id) ?? [])
  }

  /** Ends the sessions of tokens, as far as they are live. */
  async endAll(tokens: readonly Token[]): Promise<void> {
    const live = await this.liveAmong(tokens)
    await Promise.all(live.map((token) => this.end(token)))
  }

  /** Until when the login of a session is so fresh that its password need not be given again. */
  freshUntil({ beganAt }: LiveSession): Millis {
    return beganAt + this.#lifetime.fresh
  }

  isFresh(session: LiveSession): boolean {
    return this.#clock() < this.freshUntil(session)
  }

  /** What may hang on a session. */
  get limits(): Limits {
    return this.#limits
  }

  /** When the session ends if it is not used after this use. */
  endOf({ latestEndsAt }: LiveSession): Millis {
    return endAfter(this.#clock(), latestEndsAt, this.#lifetime)
  }

  /**
   * Puts all of the pairs or none and resolves with what has become of the session, or null: there is no live one.
   * Refuses what goes beyond the limits, and a session whose version is not `version` (null: any will do).
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

  /** Removes the named attributes, or all but those of applications; for the rest, as `put`. */
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

  /** Ends the session of a token; false: it was not live. */
  async end(token: Token): Promise<boolean> {
    return this.#store.endSession(handleOf(idOf(token)), null, 'logout', this.#clock())
  }

  /** Ends the session of a handle, if it is of this user (null: of whomever); false: there was none. */
  async revoke(handle: string, uname: string | null): Promise<boolean> {
    return this.#store.endSession(handle, uname, 'revoked', this.#clock())
  }

  /** Ends every session; how many. */
  revokeAll(): Promise<number> {
    return endAll(this.#store, this.#clock)
  }

  /** Live sessions as the store lists them, latest login first, with the uses that this process knows of. */
  async list(filter: SessionFilter, after: string | null, limit: number): Promise<Page<StoredSession>> {
    const withUse = this.#touches.applying()
    const page = await this.#store.listSessions(filter, after, limit, this.#clock())
    return { ...page, items: page.items.map(withUse) }
  }

  /** How many sessions of a user or (null) of all are live, as exactly as the store counts. */
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

/** A session with all of its attributes, as its user sees it. */
const asSeen = (session: ReadSession | null): ReadSession | null =>
  session === null ? null : { ...session, attributes: seenAttributes(session.attributes) }

/** Ends every session in a store, in steps between which others are answered; how many. */
export async function endAll(store: Store, clock: Clock): Promise<number> {
  let ended = 0
  for (;;) {
    const batch = await store.endSessions(END_BATCH, clock())
    ended += batch
    if (batch < END_BATCH) return ended
  }
}
