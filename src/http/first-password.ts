import { Refusal } from '../errors.ts'
import { isFirstPassword } from '../login/passwords.ts'
import { CSRF_TOKEN } from '../session/limits.ts'
import type { Token } from '../session/token.ts'
import type { App } from './app.ts'
import type { Pair } from './form.ts'

/** Where a user with a first password chooses another. */
export const PASSWORD_PAGE = '/password'

/** Whether a login with a first password, which must be changed before anything else, may use an endpoint. */
export type FirstPasswordRule = true | ((pairs: readonly Pair[]) => boolean)

export const isOpen = (rule: FirstPasswordRule | undefined, pairs: readonly Pair[]): boolean =>
  typeof rule === 'function' ? rule(pairs) : rule === true

/** Throws if the login used a first password that the user has not changed yet. */
export async function requireChosenPassword(app: App, token: Token): Promise<void> {
  const session = await app.sessions.look(token, [])
  const user = session === null ? null : await app.users.find(session.uname)
  if (session === null || user === null || !isFirstPassword(user.passwordHash)) return
  throw new Refusal(
    'password_change_needed',
    `You logged in with a first password. Choose your own, on the page ${PASSWORD_PAGE} or with user/password; until then this session can do nothing else.`,
    null,
    session,
  )
}

/**
 * Tells whether a request asks only for the CSRF token, which a protected session needs to change the
 * password.
 */
export const asksForCsrfTokenAlone = (pairs: readonly Pair[]): boolean => {
  const keys = pairs.filter(([name]) => name === 'key').map(([, value]) => value)
  return keys.length > 0 && keys.every((key) => key === CSRF_TOKEN)
}
