import { Refusal } from '../errors.ts'
import { isFirstPassword } from '../login/passwords.ts'
import { CSRF_TOKEN } from '../session/limits.ts'
import type { Token } from '../session/token.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import type { Pair } from './form.ts'
import { LOGOUT } from './return.ts'

/** Where a user with a first password chooses another. */
export const PASSWORD_PAGE = '/password'

/** What remains open to a login with a first password. The page of the password listens to the events of its session. */
const OPEN = [
  PASSWORD_PAGE,
  LOGOUT,
  '/user/password',
  '/session/info',
  '/session/events',
  '/session/invalidate',
]

/** Refuses everything but a change of the password to a login with a first password whose user has not changed it yet. */
export async function requireChosenPassword(
  ask: Ask,
  app: App,
  token: Token,
  pairs: readonly Pair[],
): Promise<void> {
  const path = ask.path.replace(/^\/api\/[12]/, '')
  if (OPEN.includes(path) || (path === '/session/get' && asksForProof(pairs))) return
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

/** A protected session needs its CSRF token to change the password. */
const asksForProof = (pairs: readonly Pair[]) => {
  const keys = pairs.filter(([name]) => name === 'key').map(([, value]) => value)
  return keys.length > 0 && keys.every((key) => key === CSRF_TOKEN)
}
