import { z } from 'zod'
import { loginDocument } from '../console/document.tsx'
import type { LoginData } from '../console/pages/login.tsx'
import { Refusal } from '../errors.ts'
import type { Attempt, Begun } from '../login/login.ts'
import { idOf, isOfFirstPassword } from '../session/token.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { PASSWORD_PAGE } from './first-password.ts'
import { lastOf, type Pair, parseQuery } from './form.ts'
import { refuseForeign } from './guard.ts'
import { json } from './json.ts'
import { findLostCookie, type TypedForm } from './kept-cookie.ts'
import { isBrowser } from './origin.ts'
import { pageResponse, redirect } from './page.ts'
import { flag, required, requiredSecret, requireInBody, text } from './params.ts'
import { problemHeaders, statusOf } from './problem.ts'
import { FRONT_PAGE, returnTarget } from './return.ts'
import { named } from './session.ts'
import { requireSwitch } from './switch.ts'

/** Returns the login page with a pre-login cookie, which costs the store nothing. */
export const showLogin = (ask: Ask, app: App, more: Readonly<Record<string, string>> = {}): Response =>
  loginResponse(
    { message: null, uname: '', returnTo: lastOf(parseQuery(ask.query), 'return_to') },
    app,
    200,
    {
      'Set-Cookie': app.cookie.set(app.sessions.newPreLoginToken()),
      ...more,
    },
  )

/** The parameters of a login, for developers of clients. Others are ignored: M/Monit's programs send more. */
export const LOGIN_PARAMS = z.object({
  z_username: required,
  z_password: requiredSecret,
  z_csrf_protection: flag,
  return_to: text,
})

/**
 * `z_security_check`: logs in. Reads parameters from the body only, since passwords do not belong in URLs.
 * Responds with a redirect, or JSON for programs; throws if the credentials are wrong, too many attempts
 * failed, or no login is possible yet.
 */
export async function logIn(ask: Ask, app: App): Promise<Response> {
  // First, since a page opened under another name than the public URL counts as another site's.
  const lost = await findLostCookie(ask, app)
  if (lost !== null) return showLoginAgain(ask, app, lost.form, lost.refusal)
  refuseForeign(ask, app)
  requireInBody(ask, ['z_password'])
  const pairs = await ask.bodyParams('fields', async () => {})
  // Before the password check: while nobody can log in, no password is wrong. After the body, which would
  // otherwise gather in memory.
  await app.readiness.requireLogins()
  const uname = await app.users.nameOf(requireField(pairs, 'z_username').slice(0, 256))
  const attempt = {
    uname,
    password: requireField(pairs, 'z_password'),
    isProtected: isProtectionWanted(pairs),
    presented: ask.tokens,
    isProgram: !isBrowser(ask.headers),
    devices: ask.devices,
    address: ask.address,
    userAgent: ask.headers.get('user-agent') ?? '',
    returnTo: lastOf(pairs, 'return_to'),
  }
  try {
    return loggedIn(ask, app, attempt, await app.login.logIn(attempt))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return refused(ask, app, attempt, error)
  }
}

/** An attempt to log in, and where it leads. */
interface LoginForm extends Attempt {
  readonly returnTo: string | null
}

function loggedIn(ask: Ask, app: App, { uname, isProtected, returnTo }: LoginForm, begun: Begun): Response {
  const { token, device } = begun
  app.meter.count('login')
  app.audit.info(
    { event: 'login', ...ask.origin, ...named({ uname, id: idOf(token) }), csrfProtection: isProtected },
    'logged in',
  )
  const headers = { 'Set-Cookie': app.cookie.set(token) }
  const isFirst = isOfFirstPassword(token)
  const target = returnTarget(returnTo, ask.headers.get('host'), app) ?? FRONT_PAGE
  const response = ask.wantsJson
    ? json(isFirst ? { passwordChangeNeeded: true } : {}, headers)
    : redirect(isFirst ? PASSWORD_PAGE : target, headers)
  if (device !== null) response.headers.append('Set-Cookie', app.cookie.setDevice(device))
  return response
}

async function refused(ask: Ask, app: App, form: LoginForm, refusal: Refusal): Promise<Response> {
  const { uname, returnTo } = form
  const event = refusal.code === 'too_many_attempts' ? 'login_throttled' : 'login_failed'
  app.meter.count(refusal.code === 'busy' ? 'login_busy' : event)
  // Logs the name only if it is a user's: people sometimes type their password into the name field. A failure
  // here changes no response.
  const known = (await app.users.find(uname).catch(() => null))?.uname
  app.audit.warn({ event, ...ask.origin, uname: known, code: refusal.code }, 'a login was refused')
  return showLoginAgain(ask, app, { uname, returnTo }, refusal)
}

/** Shows the login page with the problem, or returns the problem to clients that want JSON. */
function showLoginAgain(ask: Ask, app: App, form: TypedForm, refusal: Refusal): Response {
  if (ask.wantsJson) throw refusal
  // The page's form expects a cookie to come back.
  const needsCookie = ask.tokens.length === 0 && isBrowser(ask.headers)
  const headers = {
    ...problemHeaders(refusal, app),
    ...(needsCookie ? { 'Set-Cookie': app.cookie.set(app.sessions.newPreLoginToken()) } : {}),
  }
  return loginResponse({ ...form, message: refusal.message }, app, statusOf(refusal.code), headers)
}

function isProtectionWanted(pairs: readonly Pair[]): boolean {
  const value = lastOf(pairs, 'z_csrf_protection')
  return value === null || requireSwitch('z_csrf_protection', value)
}

/**
 * Returns a field of the login. An empty field counts as wrong credentials; a missing one probably has
 * another name, so it throws.
 */
function requireField(pairs: readonly Pair[], name: string): string {
  const value = lastOf(pairs, name)
  if (value !== null) return value
  throw new Refusal('missing_parameter', `The parameter ${name} is missing; send z_username and z_password.`)
}

const loginResponse = (
  data: LoginData,
  app: App,
  status: number,
  headers: Readonly<Record<string, string>>,
): Response => pageResponse(loginDocument(data), app, status, headers)
