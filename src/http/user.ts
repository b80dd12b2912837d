import { Refusal } from '../errors.ts'
import { isFirstPassword } from '../login/passwords.ts'
import { instant, shown } from '../session/shown.ts'
import { isProtected } from '../session/token.ts'
import { handleOf, type LiveSession } from '../store/store.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { requireFresh, withPassword, YOUR_PASSWORD } from './fresh.ts'
import { requireParams, requireSession } from './guard.ts'
import { json } from './json.ts'
import { notLoggedIn } from './not-logged-in.ts'
import { LARGEST_PAGE, namedParams, PAGED, requireInBody, SESSION_CURSOR } from './params.ts'
import { isApiPath } from './return.ts'
import { named } from './session.ts'

/** `session/info`: who is logged in, and for how long. */
export async function info(ask: Ask, app: App): Promise<Response> {
  const pairs = await requireParams(ask, app, 'fields')
  const { token, session } = await requireSession(ask, app, 'read', pairs)
  const user = await app.users.find(session.uname)
  if (user === null) throw notLoggedIn(ask, app)
  return json({
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
  })
}

const limitsOf = ({ sessions: { limits } }: App) => ({
  key: limits.keyBytes,
  value: limits.valueBytes,
  attributes: limits.attributes,
  session: limits.sessionBytes,
})

/**
 * `session/list`: the user's own sessions. It was there before it came in pages: whoever does not ask for one gets as many as can be
 * asked for, and no other parameter is refused.
 */
export async function list(ask: Ask, app: App): Promise<Response> {
  const pairs = await requireParams(ask, app, 'fields')
  const { session } = await requireSession(ask, app, 'read', pairs)
  // A page shows all that there is: a link to it, which anybody can make, must not hide a session.
  const paging = isApiPath(ask.path) ? pairs.filter(([name]) => PAGED.includes(name)) : []
  const { after, limit } = namedParams(paging, PAGED).page(SESSION_CURSOR, LARGEST_PAGE)
  const { items, next } = await app.sessions.list({ uname: session.uname }, after, limit)
  const sessions = items.map((each) => ({ ...shown(each), current: each.id === session.id }))
  return json({ sessions, next })
}

/**
 * `session/revoke`: ends one of the user's own sessions, or all others. For other sessions than the one that asks, the password is
 * asked again unless the login is fresh (ASVS 5.0, 7.5.2): a browser that was left alone shall not lock its user out elsewhere.
 */
export async function revoke(ask: Ask, app: App): Promise<Response> {
  const pairs = await requireParams(ask, app, 'fields')
  const { session } = await requireSession(ask, app, 'change', pairs)
  requireInBody(ask, ['password', YOUR_PASSWORD])
  const params = namedParams(pairs, ['handle', 'others', 'password', YOUR_PASSWORD])
  const others = params.flag('others') === true
  const handle = params.filter('handle')
  if (others === (handle !== undefined))
    throw new Refusal('invalid_parameter', 'Say which sessions end: handle=… or others=true, one of the two.')
  // `password` is the name that it had here before admins were asked for theirs.
  const password = params.find(YOUR_PASSWORD) ?? params.find('password')
  if (handle !== handleOf(session.id)) await requireFresh(ask, app, session, password)
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

/** Ends a session of the user who is logged in, or refuses: there is none of this handle. */
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

/** `user/password`: a new password for the user who is logged in. */
export async function password(ask: Ask, app: App): Promise<Response> {
  const pairs = await requireParams(ask, app, 'fields')
  const { session } = await requireSession(ask, app, 'change', pairs)
  requireInBody(ask, ['old', 'new'])
  const params = namedParams(pairs, ['old', 'new'])
  const [old, next] = [params.require('old'), params.require('new')]
  const who = {
    uname: session.uname,
    handle: handleOf(session.id),
    address: ask.address,
    devices: ask.devices,
  }
  const ended = await withPassword(ask, app, session, () => app.login.changePassword(who, old, next))
  app.meter.count('revoked', ended)
  app.audit.info(
    { event: 'password_change', ended, ...ask.origin, ...named(session) },
    'changed the own password',
  )
  return json({ ended })
}
