import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { showLogin } from './login.ts'

/** The calls that M/Monit has too. */
const SHARED_PATH = /^(\/api\/[12])?\/(session|admin\/users)\//

/**
 * Tells whether a call without a live session gets the login page, as in M/Monit: if the setting says so and
 * the client does not know problems.
 */
export const getsLoginPage = (ask: Ask, app: App): boolean =>
  app.isMMonit && SHARED_PATH.test(ask.path) && !ask.knowsProblems

/**
 * Returns the login page instead of a result. Clients compare its type with this text, so it has no charset;
 * the page itself names it.
 */
export const loginInPlace = (ask: Ask, app: App): Response =>
  showLogin(ask, app, { 'Content-Type': 'text/html' })
