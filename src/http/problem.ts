import type { RefusalCode, StoreFault } from '../errors.ts'
import type { App } from './app.ts'
import { API_HEADERS } from './headers.ts'

/** Every code that a problem can have: our refusals, and the faults that clients see. */
export type ProblemCode = RefusalCode | StoreFault['code'] | 'internal_error'

/** Each code's status and title. A code without them does not compile. */
const kinds: Record<ProblemCode, readonly [status: number, title: string]> = {
  malformed_request: [400, 'Malformed request'],
  nothing_to_put: [400, 'Nothing to put'],
  invalid_key: [400, 'Invalid key'],
  invalid_value: [400, 'Invalid value'],
  reserved_attribute: [400, 'Reserved attribute'],
  missing_parameter: [400, 'Missing parameter'],
  cookie_not_kept: [400, 'Cookie not kept'],
  invalid_parameter: [400, 'Invalid parameter'],
  password_too_short: [400, 'Password too short'],
  password_too_long: [400, 'Password too long'],
  password_too_common: [400, 'Password too common'],
  password_too_simple: [400, 'Password too simple'],
  not_logged_in: [401, 'Not logged in'],
  wrong_credentials: [401, 'Wrong user name or password'],
  csrf_failed: [403, 'CSRF check failed'],
  cross_site: [403, 'Request from another site'],
  navigation_refused: [403, 'Links change nothing'],
  prefetch_refused: [403, 'Prefetching changes nothing'],
  untrusted_peer: [403, 'Not a trusted proxy'],
  wrong_password: [403, 'Wrong password'],
  password_needed: [403, 'Password needed'],
  own_password: [403, 'Own password'],
  password_change_needed: [403, 'Password change needed'],
  role_missing: [403, 'Role missing'],
  too_many_sessions: [403, 'Too many sessions'],
  not_found: [404, 'Not found'],
  no_such_user: [404, 'No such user'],
  no_such_session: [404, 'No such session'],
  method_not_allowed: [405, 'Method not allowed'],
  user_exists: [409, 'User exists'],
  name_looks_alike: [409, 'Name looks alike'],
  last_admin: [409, 'Last admin'],
  changed_meanwhile: [412, 'Changed meanwhile'],
  misdirected_request: [421, 'Misdirected request'],
  key_too_large: [413, 'Key too large'],
  value_too_large: [413, 'Value too large'],
  too_many_attributes: [413, 'Too many attributes'],
  session_too_large: [413, 'Session too large'],
  user_too_large: [413, 'User too large'],
  body_too_large: [413, 'Body too large'],
  too_many_parameters: [413, 'Too many parameters'],
  unsupported_media_type: [415, 'Unsupported media type'],
  too_many_attempts: [429, 'Too many attempts'],
  too_many_streams: [429, 'Too many streams'],
  internal_error: [500, 'Internal error'],
  busy: [503, 'Busy'],
  store_unavailable: [503, 'Store unavailable'],
  store_full: [507, 'Store full'],
}

export const problemCodes = Object.keys(kinds) as readonly ProblemCode[]

/** What a client learns about a failed request. */
export interface Problem {
  readonly code: ProblemCode
  /** What to do about it. */
  readonly detail: string
  readonly retryAfter: number | null
  /** Which of several reasons for one code it was, for programs. */
  readonly reason?: string
  /** The id of the log line with the details, if there is one. */
  readonly requestId: string | null
}

export const statusOf = (code: ProblemCode): number => kinds[code][0]
export const titleOf = (code: ProblemCode): string => kinds[code][1]

/**
 * Returns the headers of a refusal, on a page and with a problem. RFC 9110 requires a challenge with every
 * 401.
 */
export function problemHeaders(
  problem: Pick<Problem, 'code' | 'retryAfter'>,
  app: App,
): Record<string, string> {
  return {
    ...(problem.retryAfter === null
      ? {}
      : { 'Retry-After': String(retryAfterOf(problem.code, problem.retryAfter, app)) }),
    ...(statusOf(problem.code) === 401 ? { 'WWW-Authenticate': challenge(app) } : {}),
  }
}

/** Seconds over which clients that were refused together are spread when they come back. */
const RETRY_SPREAD_S = 4

/**
 * Clients that guessed too often get the exact time; all others wait a little longer than needed, each
 * differently.
 */
const retryAfterOf = (code: ProblemCode, least: number, { random }: App) =>
  code === 'too_many_attempts' ? least : least + Math.round(random() * RETRY_SPREAD_S)

/** How to log in, in the terms of draft-broyer-http-cookie-auth. */
const challenge = (app: App) =>
  `Cookie realm="cloakroom", form-action="/z_security_check", cookie-name=${app.cookie.name}`

/** Returns the problem as `application/problem+json` (RFC 9457). */
export function problemResponse(problem: Problem, headers: Record<string, string>): Response {
  const { code, detail, reason, requestId } = problem
  const [status, title] = kinds[code]
  const json = {
    type: `urn:cloakroom:problem:${code}`,
    title,
    status,
    detail,
    code,
    // The field that M/Monit's clients read.
    error: detail,
    ...(reason === undefined ? {} : { reason }),
    ...(requestId === null ? {} : { requestId }),
  }
  return new Response(JSON.stringify(json), {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...API_HEADERS, ...headers },
  })
}
