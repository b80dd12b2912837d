import type { Bounds } from './bounds.ts'

/** An instant, in milliseconds since the Unix epoch. */
export type Millis = number

/**
 * The public name of a session: the first 132 bits of its id. Safe to show and to log, since neither it nor the id, which is a hash,
 * leads back to the token, and the server accepts nothing but tokens.
 */
export const handleOf = (id: string): string => id.slice(0, 22)

/** Keys and values of a session. A map, so that `__proto__` is a key like any other. */
export type Attributes = ReadonlyMap<string, string>

/** What every request of a login needs to know of it. The token itself never reaches a store. */
export interface LiveSession {
  /** SHA-256 of the token, base64url, 43 characters. */
  readonly id: string
  readonly uname: string
  readonly beganAt: Millis
  /** Last use that was recorded. */
  readonly usedAt: Millis
  /** The session is absent from this very millisecond on. Never later than `latestEndsAt`. */
  readonly endsAt: Millis
  /** The end that no use can move: the absolute lifetime, settled at login. */
  readonly latestEndsAt: Millis
  /** 1 at the beginning, one more after every write of the attributes. */
  readonly version: number
}

/** What a store keeps of a login besides its attributes. */
export interface StoredSession extends LiveSession {
  readonly address: string
  readonly userAgent: string
}

/** What `insertSession` is given: the rest begins at its beginning. */
export type NewSession = Omit<StoredSession, 'version' | 'usedAt'> & {
  /** The user's generation as it was when the password was checked. */
  readonly generation: number
  /** How many live sessions the user may have, with this one. */
  readonly maxSessions: number
}

/** What became of a login. Anything but `inserted` means that nothing was changed. */
export type InsertOutcome = 'inserted' | 'id_taken' | 'user_changed' | 'too_many'

export interface ReadSession extends LiveSession {
  readonly attributes: Attributes
}

/** When a write of attributes may happen, all of it checked in the same step as the write itself. */
export interface Condition {
  readonly now: Millis
  /** The version that the session must have, or null for any. */
  readonly version: number | null
}

/** What the keys begin with that belong to applications. */
export const RESERVED = '@'

/** Which attributes are removed. */
export type Removal = readonly string[] | 'all' | 'unreserved'

/** What a write of attributes came to; anything but the object means that nothing was changed. */
export type WriteOutcome =
  | { readonly version: number; readonly endsAt: Millis; readonly latestEndsAt: Millis }
  | 'absent'
  | 'version_differs'
  | 'too_many'
  | 'too_large'
  | 'user_too_large'

/** Why a session was ended: by whoever was logged in with it, or by somebody else. */
export type EndReason = 'logout' | 'revoked'

/**
 * What was done to a session, told to whoever watches it. `version` is that of the session after the write; no values are told, since they
 * may have changed again. `missed`: something may have happened that was not told, as when the back end was away; read the session again.
 */
export type Change =
  | { readonly kind: 'put'; readonly keys: readonly string[]; readonly version: number }
  | { readonly kind: 'delete'; readonly keys: readonly string[] | 'all'; readonly version: number }
  | { readonly kind: 'end'; readonly reason: EndReason }
  | { readonly kind: 'missed' }

/** A watch over a session, until it is closed. */
export interface Watch {
  close(): void
}

/** How often something was counted since the first time, until `endsAt`, when the counting begins anew. */
export interface Counter {
  readonly count: number
  readonly endsAt: Millis
}

/** What a node says of itself to the others, until `endsAt`. The text is its own affair, and a few KB at most. */
export interface NodeReport {
  /** As no other node is called. */
  readonly name: string
  readonly text: string
  readonly endsAt: Millis
}

/** Which sessions are meant: those that have all of what is given here, exactly so. Nothing given: all. */
export interface SessionFilter {
  readonly uname?: string | undefined
  readonly address?: string | undefined
  readonly handle?: string | undefined
}

/**
 * Sessions that a call which lists some looks at beyond those that it lists: at most so many that none takes more than a few milliseconds
 * of the thread that answers.
 */
export const LOOKED_AT = 5_000

/** One use of a session: when, and when it ends if no other follows. */
export interface Use {
  readonly id: string
  readonly usedAt: Millis
  readonly endsAt: Millis
}

export interface Page<T> {
  readonly items: readonly T[]
  /** To be given as `after` to get the next page, or null: this was the last. */
  readonly next: string | null
}

export interface StoredUser {
  readonly uname: string
  readonly fullname: string
  readonly email: string
  /** In PHC format, behind `first:` if its user has to change the password. */
  readonly passwordHash: string
  readonly roles: readonly string[]
  readonly disabled: boolean
  /** Changes whenever all logins of the user end. A login that was under way with an earlier one is refused. */
  readonly generation: number
}

/** Whose sessions end together with a change of the user, and the generation that begins then. */
export interface Revocation {
  readonly generation: number
  /** The handle of the one session that stays, or null. */
  readonly except: string | null
}

export type UserChange = Partial<Omit<StoredUser, 'uname' | 'generation'>>

/**
 * `changed`: the user is not of the generation that the rule names, or the session that was to stay has ended. `last`: no enabled user
 * with the role `keeper` would have been left. Anything but the object means that nothing was changed.
 */
export type UserOutcome = { readonly ended: number } | 'absent' | 'changed' | 'last'

/** Something that happened and is to be remembered. */
export interface StoredEvent {
  readonly at: Millis
  /** What kind of thing it was: a word. */
  readonly kind: string
  /** The user whom it is about, or null. */
  readonly uname: string | null
  /** Whom it makes room for: a word of `A-Z a-z 0-9 - _ . ! ~ * ' ( ) % :`. Absent: for all of its kind that have none either. */
  readonly source?: string
  /** All there is to it, for whoever reads it: any text, JSON in practice. */
  readonly text: string
}

/** Which events are meant: those that have all of what is given here. */
export interface EventFilter {
  readonly kind?: string | undefined
  readonly uname?: string | undefined
  /** None from before this instant. */
  readonly since: Millis
}

/** What a store keeps of the events that it is given. What it need not keep it forgets sooner or later. */
export interface Keeping {
  /** Of each kind from each source the newest so many, so that one that comes in floods displaces no other. */
  readonly most: number
  /** None from before this instant. */
  readonly since: Millis
}

/**
 * Keeps sessions, their attributes and users, and has no policy: it does not know what a cookie or an idle timeout is, and it never
 * reads the clock. A session whose `endsAt` is at or before `now` is absent, whatever is still stored of it.
 *
 * A session is named by its `id` where the token was presented, and by its handle elsewhere.
 *
 * Every ordinary outcome is a value. A rejected promise is a `StoreFault`: the back end failed. A write is resolved when it is
 * durable, as far as the back end can promise that. What each method promises is checked for every back end in
 * `test/store/laws.ts`.
 */
export interface Store {
  /**
   * Whether `readSession`, `findSessions` and `readUser` resolve within the turn of the event loop in which they are called, so that
   * nothing else happens meanwhile: no client hangs up.
   */
  readonly readsAtOnce: boolean

  /**
   * Adds a session without attributes. `id_taken`: there is or was one of this id, ended or not, that has not been swept.
   * `user_changed`: the user is absent, disabled, or of another generation. `too_many`: the user has as many live sessions as may be at
   * `beganAt`; also of logins that come at once on any nodes none goes beyond that. A login that is under way counts, and one that never
   * comes to its end may count for some seconds.
   */
  insertSession(session: NewSession): Promise<InsertOutcome>

  /**
   * Adds a session with its attributes as another store had them, in one step, whatever its user is here. `id_taken`: as above. Sessions
   * that are restored latest login first are listed so, behind those that logins began here.
   */
  restoreSession(session: StoredSession, attributes: Attributes): Promise<'restored' | 'id_taken'>

  /** The live session with the named attributes that it has, as they were together at one instant; null: there is none. */
  readSession(id: string, keys: readonly string[] | 'all', now: Millis): Promise<ReadSession | null>

  /** The live sessions among a few ids, in the order of the ids, in one call. */
  findSessions(ids: readonly string[], now: Millis): Promise<readonly LiveSession[]>

  /** Adds or replaces the named attributes, all or none, in one step, and touches no other. A session never comes to life. */
  putAttributes(
    id: string,
    attributes: Attributes,
    bounds: Bounds,
    condition: Condition,
  ): Promise<WriteOutcome>

  /**
   * Removes the named attributes, all, or (`unreserved`) all whose key does not begin with `RESERVED`, in one step. The version changes also
   * when none of them was there. What is removed without naming it is reported as `all`.
   */
  removeAttributes(id: string, keys: Removal, condition: Condition): Promise<WriteOutcome>

  /** Moves `usedAt` and `endsAt` of live sessions forward, never back, and never beyond `latestEndsAt`. Costs least in the order of `positionOf`. */
  touchSessions(uses: readonly Use[], now: Millis): Promise<void>

  /**
   * Where a session stands among those that are kept, as a whole number, or null: it is not known without a look. Sessions with near numbers are
   * kept near each other, and are cheaper to write one after the other; it promises nothing else, and may be out of date.
   */
  positionOf(id: string): number | null

  /**
   * Ends a session, if it is of the user `uname` (null: of whomever), and forgets its attributes, for every clock. False: there was no
   * live one of exactly this handle.
   */
  endSession(handle: string, uname: string | null, reason: EndReason, now: Millis): Promise<boolean>

  /** Ends live sessions of whomever, at most `limit` of them; how many. Fewer than the limit: there are none left. */
  endSessions(limit: number, now: Millis): Promise<number>

  /**
   * Live sessions that are meant by the filter, latest login first. However many sessions there are, a call looks at no more than
   * `LOOKED_AT` besides those that it finds: a page may have fewer than its limit, or none at all, and a `next` with which to go on.
   */
  listSessions(
    filter: SessionFilter,
    after: string | null,
    limit: number,
    now: Millis,
  ): Promise<Page<StoredSession>>

  /**
   * Live sessions of a user, earliest login first if later logins also have later latest ends, at most `limit` of them: fewer means that
   * there are no more.
   */
  earliestSessions(uname: string, limit: number, now: Millis): Promise<readonly StoredSession[]>

  /**
   * Tells of every change of the session that is made from now on, in the order of its versions, whichever node or process makes it; soon,
   * and at once if it is this node. Ends by revocation have the reason `revoked`. That a session has ended by itself is not told: that
   * happens by the clock. A change may be told as `missed`, and more than once, but never not at all; and no change is told before the
   * `missed` that stands for earlier ones. There may be no session of this id; then nothing is told. Resolves when what happens from now on will be told.
   */
  watchSession(id: string, tell: (change: Change) => void): Promise<Watch>

  /**
   * How many sessions of a user are live, exactly; with null, how many there are of all: exactly up to 100,000, and beyond that more than
   * those, as closely as the back end knows without looking at each.
   */
  countSessions(uname: string | null, now: Millis): Promise<number>

  /** Deletes what is left of sessions and counters that ended at or before `endedBefore`, at most `limit` of them; how many. */
  sweepSessions(endedBefore: Millis, limit: number): Promise<number>

  /** Adds a user, or returns false and changes nothing if the name is taken. */
  insertUser(user: StoredUser): Promise<boolean>

  readUser(uname: string): Promise<StoredUser | null>

  /** Users in the order of their names' UTF-8 bytes. */
  listUsers(after: string | null, limit: number): Promise<Page<StoredUser>>

  /** Changes the named fields and, with a revocation, ends the user's sessions, in one step. */
  updateUser(
    uname: string,
    change: UserChange,
    revocation: Revocation | null,
    rule: UserRule,
  ): Promise<UserOutcome>

  /** Deletes the user and ends all sessions of that name, in one step. */
  deleteUser(uname: string, rule: UserRule): Promise<UserOutcome>

  /** The secret of this name, the same for every node: `candidate` if there was none yet. */
  readSecret(name: string, candidate: string): Promise<string>

  /** All secrets that there are, by their names. */
  listSecrets(): Promise<ReadonlyMap<string, string>>

  /**
   * Adds `by`, a whole number, to the counter of this name, never below 0, and tells it as it is then. A counter that is absent, as from
   * the millisecond of its end on, is 0; it begins when something above 0 is added, and ends `window` later, whatever else is added. One
   * that ends later than if it began now has begun by another clock, which was ahead, and is absent too.
   */
  addToCounter(name: string, by: number, window: Millis, now: Millis): Promise<Counter>

  /**
   * Keeps what a node says of itself, in place of what it said before, and forgets what ended at or before `now`. All servers on one
   * back end are told of it, nobody beside them, and it need not outlive the back end.
   */
  noteNode(report: NodeReport, now: Millis): Promise<void>

  /** What nodes said of themselves and has not ended, in no order. */
  listNodes(now: Millis): Promise<readonly NodeReport[]>

  /** Bytes that the back end takes for all that it keeps, about; null: it cannot tell. */
  measureBytes(): Promise<number | null>

  /** Remembers events, all or none, in their order, and forgets of their kinds and sources what is not to be kept. */
  appendEvents(events: readonly StoredEvent[], keeping: Keeping): Promise<void>

  /**
   * Events, those that were appended last first, whatever their instant. As with sessions, a page may have fewer than its limit, or none,
   * and a `next` with which to go on.
   */
  listEvents(filter: EventFilter, after: string | null, limit: number): Promise<Page<StoredEvent>>

  /** Resolves if the back end answers reads, whether or not it has room for writes or takes any. */
  ping(): Promise<void>

  /** Waits for the writes under way, then lets go of everything. */
  close(): Promise<void>
}

export interface UserRule {
  readonly now: Millis
  /** A role that some enabled user must still have after the change. */
  readonly keeper: string
  /** The generation that the user must be of, or null for any. */
  readonly generation: number | null
}
