/** Every way in which a request is declined. A code is for ever: programs switch on it. `http/problem.ts` gives each its status. */
export type RefusalCode =
  | 'malformed_request'
  | 'nothing_to_put'
  | 'invalid_key'
  | 'invalid_value'
  | 'reserved_attribute'
  | 'missing_parameter'
  | 'cookie_not_kept'
  | 'invalid_parameter'
  | 'password_too_short'
  | 'password_too_long'
  | 'password_too_common'
  | 'password_too_simple'
  | 'not_logged_in'
  | 'wrong_credentials'
  | 'csrf_failed'
  | 'cross_site'
  | 'misdirected_request'
  | 'navigation_refused'
  | 'prefetch_refused'
  | 'untrusted_peer'
  | 'wrong_password'
  | 'password_needed'
  | 'own_password'
  | 'password_change_needed'
  | 'role_missing'
  | 'too_many_sessions'
  | 'not_found'
  | 'no_such_user'
  | 'no_such_session'
  | 'method_not_allowed'
  | 'user_exists'
  | 'name_looks_alike'
  | 'last_admin'
  | 'changed_meanwhile'
  | 'key_too_large'
  | 'value_too_large'
  | 'too_many_attributes'
  | 'session_too_large'
  | 'user_too_large'
  | 'body_too_large'
  | 'too_many_parameters'
  | 'unsupported_media_type'
  | 'too_many_attempts'
  | 'too_many_streams'
  | 'busy'

/** Whose session, and which. */
interface SessionName {
  readonly uname: string
  readonly id: string
}

/** A request that was understood and declined. Anything thrown that is not a `Refusal` is a fault of ours. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  /** Whole seconds after which it is worth asking again, for a refusal that passes by itself. */
  readonly retryAfter: number | null
  /** The session that the request came with, for the log; null: there was none, or it does not matter. */
  readonly session: SessionName | null

  /** `message` tells a person what to do; it is sent to the client as it is. */
  constructor(
    code: RefusalCode,
    message: string,
    retryAfter: number | null = null,
    session: SessionName | null = null,
  ) {
    super(message)
    this.code = code
    this.retryAfter = retryAfter
    this.session = session
  }
}

/** Whether a request was declined for this reason. */
export const isRefusal = (error: unknown, code: RefusalCode): error is Refusal =>
  error instanceof Refusal && error.code === code

/**
 * The store's back end failed. `store_unavailable`: it cannot be reached, so nothing is known, least of all that somebody is
 * logged out. `store_full`: it has no room to keep a write, which therefore did not happen; reads go on.
 */
export class StoreFault extends Error {
  override readonly name = 'StoreFault'
  readonly code: 'store_unavailable' | 'store_full'

  constructor(code: StoreFault['code'], message: string, cause: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/**
 * Something outside the program keeps it from starting or from doing what the command line asked: a setting, a file, a port.
 * The message names the thing and the remedy; it is all that the user is shown.
 */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}

/** Characters of something a client sent that a message repeats. */
const QUOTED_LENGTH = 40

/** A name that a client sent, as messages repeat it. Never used for values: one of them may be a password. */
export const quoted = (name: string): string =>
  `"${name.length > QUOTED_LENGTH ? `${name.slice(0, QUOTED_LENGTH).toWellFormed()}…` : name.toWellFormed()}"`
