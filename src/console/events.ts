import type { LogEvent } from '../client/types.js'
import { counted } from './words.ts'

/** Every kind of event in the security log, in the order of the filter, and its label. */
export const EVENT_NAMES: readonly (readonly [event: string, name: string])[] = [
  ['login', 'Logged in'],
  ['login_failed', 'Login failed'],
  ['login_throttled', 'Login slowed down'],
  ['logout', 'Logged out'],
  ['session_displaced', 'Least used session ended by a login beyond the limit'],
  ['revoke', 'Sessions ended'],
  ['revoke_others', 'Other own sessions ended'],
  ['password_change', 'Password changed'],
  ['password_refused', 'Password refused'],
  ['user_create', 'User created'],
  ['user_update', 'User changed'],
  ['user_delete', 'User deleted'],
  ['refused', 'Request refused'],
  ['refused_foreign', 'Request from another site refused'],
]

const BAD = ['login_failed', 'login_throttled', 'password_refused', 'refused', 'refused_foreign']

export const isBad = ({ event }: LogEvent): boolean => BAD.includes(event)

/** Why a request was refused. A new code is shown unchanged. */
const REASONS: Readonly<Record<string, string>> = {
  busy: 'too many logins at once',
  cross_site: 'it came from another site',
  csrf_failed: 'the CSRF token was missing or wrong',
  password_too_common: 'the new one is too common',
  password_too_long: 'the new one is too long',
  password_too_short: 'the new one is too short',
  password_too_simple: 'the new one is too simple',
  role_missing: 'the role was missing',
  too_many_attempts: 'too many attempts',
  too_many_sessions: 'too many sessions at the same time',
  wrong_credentials: 'wrong user name or password',
  wrong_password: 'wrong password',
}

const reasonOf = ({ code }: LogEvent) =>
  code === undefined ? '' : `: ${Object.hasOwn(REASONS, code) ? REASONS[code] : code}`

/** Names who did it, if it was not the user. */
function byWhom({ admin, by }: LogEvent): string {
  if (by === 'cli') return ' on the command line'
  return admin === undefined ? '' : ` by ${admin}`
}

/**
 * Returns what happened, as a sentence without its subject. An unknown kind is shown by its name in the log.
 */
export function saidOf(event: LogEvent): string {
  const ended = event.ended === undefined ? '' : `. Ended ${counted(event.ended, 'session')}`
  switch (event.event) {
    case 'login_failed':
    case 'password_refused':
      return nameOf(event.event) + reasonOf(event)
    case 'refused':
    case 'refused_foreign':
      return nameOf(event.event) + reasonOf(event) + (event.path === undefined ? '' : `, ${event.path}`)
    case 'login_throttled':
      return 'Login slowed down: too many wrong passwords'
    case 'revoke':
      return saidOfRevocation(event) + ended
    case 'revoke_others':
    case 'password_change':
      return nameOf(event.event) + ended
    case 'user_update':
      return `User changed${byWhom(event)}: ${(event.changed ?? []).join(', ')}${ended}`
    default:
      return nameOf(event.event) + byWhom(event) + ended
  }
}

const nameOf = (event: string) => EVENT_NAMES.find(([each]) => each === event)?.[1] ?? event

function saidOfRevocation(event: LogEvent): string {
  if (event.all === true) return `All sessions of everyone ended${byWhom(event)}`
  if (event.revoked !== undefined) return `Session ${event.revoked} ended${byWhom(event)}`
  return `All sessions of the user ended${byWhom(event)}`
}
