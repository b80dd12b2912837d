import { z } from 'zod'
import { Refusal } from '../errors.ts'
import { isFirstPassword } from '../login/passwords.ts'
import { instant, shown } from '../session/shown.ts'
import { isProtected } from '../session/token.ts'
import { handleOf, type LiveSession } from '../store/store.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import type { SessionCall } from './endpoint.ts'
import { requireFresh, withPassword, YOUR_PASSWORD } from './fresh.ts'
import { json } from './json.ts'
import { notLoggedIn } from './not-logged-in.ts'
import {
  filter,
  flag,
  LARGEST_PAGE,
  limitOf,
  paging,
  parseParams,
  requiredSecret,
  SESSION_CURSOR,
  secret,
} from './params.ts'
import { isApiPath } from './return.ts'
import { named } from './session.ts'

/** The parameters of a user's calls. */
export const USER_PARAMS = {
  list: z.object(paging(SESSION_CURSOR)),
  revoke: z.object({
    handle: filter,
    others: flag,
    // The older name of `your_password` here.
    password: secret,
    [YOUR_PASSWORD]: secret,
  }),
  password: z.object({ old: requiredSecret, new: requiredSecret }),
}

type UserCall<K extends keyof typeof USER_PARAMS> = SessionCall<z.output<(typeof USER_PARAMS)[K]>>

/**
 * `session/info`. No parameters. Returns the logged-in user, the session's instants and the limits. Throws
 * `not_logged_in` if the user has been deleted.
 */
export async function info({ ask, app, token, session }: SessionCall): Promise<object> {
  const user = await app.users.find(session.uname)
  if (user === null) throw notLoggedIn(ask, app)
  return {
    uname: user.uname,
    fullname: user.fullname,
    email: user.email,
    roles: user.roles,
    handle: handleOf(session.id),
    beganAt: instant(session.beganAt),
    endsAt: instant(app.sessions.endOf(session)),
    latestEndsAt: instant(session.latestEndsAt),
    freshUntil: instant(app.sessions.freshUntil(session)),
    csrfProtection: isProtected(token),
    passwordChangeNeeded: isFirstPassword(user.passwordHash),
    limits: limitsOf(app),
  }
}

const limitsOf = ({ sessions: { limits } }: App) => ({
  key: limits.keyBytes,
  value: limits.valueBytes,
  attributes: limits.attributes,
  session: limits.sessionBytes,
})

/**
 * `session/list`. Parameters: `after`, `limit`. Returns the user's own sessions. Predates paging: without
 * `limit` it returns up to 1,000, and it ignores unknown parameters.
 */
export async function list({ ask, app, session, pairs }: SessionCall): Promise<object> {
  // A page shows everything: a link with parameters, which anybody can make, must not hide a session.
  const known = isApiPath(ask.path) ? pairs.filter(([name]) => name in USER_PARAMS.list.shape) : []
  const page = parseParams(USER_PARAMS.list, known)
  const limit = limitOf(page, LARGEST_PAGE)
  const { items, next } = await app.sessions.list({ uname: session.uname }, page.after, limit)
  const sessions = items.map((each) => ({ ...shown(each), current: each.id === session.id }))
  return { sessions, next }
}

/**
 * `session/revoke`. Parameters: `handle` or `others`. Ends one of the user's own sessions, or all others, and
 * returns how many `ended`. For sessions other than the caller's, it asks for the password unless the login
 * is fresh (ASVS 5.0, 7.5.2): a browser left alone must not lock its user out elsewhere.
 */
export async function revoke({ ask, app, session, params }: UserCall<'revoke'>): Promise<Response> {
  const { handle, others = false } = params
  if (others === (handle !== undefined))
    throw new Refusal('invalid_parameter', 'Say which sessions end: handle=… or others=true, one of the two.')
  if (handle !== handleOf(session.id))
    await requireFresh(ask, app, session, params[YOUR_PASSWORD] ?? params.password)
  if (handle === undefined) {
    const ended = await app.users.endSessions(session.uname, handleOf(session.id))
    app.meter.count('revoked', ended)
    app.audit.info(
      { event: 'revoke_others', ended, ...ask.origin, ...named(session) },
      'ended own sessions elsewhere',
    )
    return json({ ended })
  }
  await endOwn(ask, app, session, handle)
  return json(
    { ended: 1 },
    handle === handleOf(session.id) ? { 'Set-Cookie': app.cookie.expired } : undefined,
  )
}

/** Ends a session of the logged-in user. Throws if the user has none with this handle. */
async function endOwn(ask: Ask, app: App, session: LiveSession, handle: string): Promise<void> {
  if (!(await app.sessions.revoke(handle, session.uname))) throw noSuchSession()
  app.meter.count('revoked')
  app.audit.info(
    { event: 'revoke', ...ask.origin, ...named(session), revoked: handle },
    'ended an own session',
  )
}

export const noSuchSession = () =>
  new Refusal(
    'no_such_session',
    'There is no live session of this handle; session/list tells which there are.',
  )

/**
 * `user/password`. Parameters: `old`, `new`. Changes the user's own password, ends the user's other sessions
 * and returns how many `ended`. Throws if the old one is wrong or the new one not allowed.
 */
export async function password({ ask, app, session, params }: UserCall<'password'>): Promise<object> {
  const who = {
    uname: session.uname,
    handle: handleOf(session.id),
    address: ask.address,
    devices: ask.devices,
  }
  const change = () => app.login.changePassword(who, params.old, params.new)
  const ended = await withPassword(ask, app, session, change)
  app.meter.count('revoked', ended)
  app.audit.info(
    { event: 'password_change', ended, ...ask.origin, ...named(session) },
    'changed the own password',
  )
  return { ended }
}
