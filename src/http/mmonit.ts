import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { showLogin } from './login.ts'

/** The calls that M/Monit has too. */
const SHARED_PATH = /^(\/api\/[12])?\/(session|admin\/users)\//

/** Whether a call without a live session is answered with the login page, as M/Monit does: if the setting says so, and the client knows no problems. */
export const getsLoginPage = (ask: Ask, app: App): boolean =>
  app.isMMonit && SHARED_PATH.test(ask.path) && !ask.knowsProblems

/** The login page in place of an answer. Clients compare its type with this text, so it has no charset; the page itself names it. */
export const loginInPlace = (ask: Ask, app: App): Response =>
  showLogin(ask, app, { 'Content-Type': 'text/html' })
