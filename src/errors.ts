/**
 * All reasons for which a request is refused. Codes never change, since programs compare them.
 * `http/problem.ts` gives each its status.
 */
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

/** A session and its user. */
interface SessionName {
  readonly uname: string
  readonly id: string
}

/** A request that was understood and refused. Anything thrown that is not a `Refusal` is a fault of ours. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  /** Whole seconds after which a retry makes sense, for a refusal that passes by itself. */
  readonly retryAfter: number | null
  /** The session that the request came with, for the log. Null: there was none, or it does not matter. */
  readonly session: SessionName | null

  /** `message` tells a person what to do; clients receive it unchanged. */
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

/** Tells whether a request was refused for this reason. */
export const isRefusal = (error: unknown, code: RefusalCode): error is Refusal =>
  error instanceof Refusal && error.code === code

/**
 * The store's back end failed. `store_unavailable`: it cannot be reached, so nothing is known; in particular,
 * no session has ended. `store_full`: it has no room, so the write did not happen; reads still work.
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
 * Something outside the program, such as a setting, a file or a port, prevents a start or a command. The
 * message names it and the remedy; the user sees nothing else.
 */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}

/** How many characters of a client's text a message repeats. */
const QUOTED_LENGTH = 40

/** Quotes a name that a client sent, for messages. Never used for values: one of them may be a password. */
export const quoted = (name: string): string =>
  `"${name.length > QUOTED_LENGTH ? `${name.slice(0, QUOTED_LENGTH).toWellFormed()}…` : name.toWellFormed()}"`
