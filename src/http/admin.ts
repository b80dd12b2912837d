import { Refusal } from '../errors.ts'
import { requireUser, shownUser, type UserFields } from '../login/users.ts'
import { instant, shown } from '../session/shown.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import type { Pair } from './form.ts'
import { type LoggedIn, requireAdmin } from './guard.ts'
import { json } from './json.ts'
import { namedParams, PAGED, type Params, requireInBody, SESSION_CURSOR } from './params.ts'
import { noSuchSession } from './user.ts'

const FIELDS = ['uname', 'fullname', 'email', 'password', 'roles', 'disabled']

/** `admin/users/list` */
export async function listUsers(ask: Ask, app: App): Promise<Response> {
  const params = await readAs(ask, app, PAGED)
  // A place in this list is a name, whichever.
  const { after, limit } = params.page(/^/)
  const { items, next } = await app.users.list(after, limit)
  return json({ users: items.map(shownUser), next })
}

/** `admin/users/get` */
export async function getUser(ask: Ask, app: App): Promise<Response> {
  const params = await readAs(ask, app, ['uname'])
  return json(shownUser(await app.users.require(params.require('uname'))))
}

/** `admin/users/create` */
export async function createUser(ask: Ask, app: App): Promise<Response> {
  const { pairs, params, admin } = await changeAs(ask, app, FIELDS)
  const uname = params.require('uname')
  const fields = await fieldsOf(uname, params, app)
  await requireAdmin(ask, app, 'change', pairs)
  await app.users.create(uname, fields)
  app.audit.info({ event: 'user_create', ...ask.origin, ...by(admin), uname }, 'created a user')
  return json({})
}

/** `admin/users/update` */
export async function updateUser(ask: Ask, app: App): Promise<Response> {
  const { pairs, params, admin } = await changeAs(ask, app, FIELDS)
  const uname = params.require('uname')
  const fields = await fieldsOf(uname, params, app)
  await requireAdmin(ask, app, 'change', pairs)
  const ended = await app.users.update(uname, fields)
  app.meter.count('revoked', ended)
  app.audit.info(
    { event: 'user_update', ...ask.origin, ...by(admin), uname, changed: Object.keys(fields), ended },
    'updated a user',
  )
  return json({ ended })
}

/** `admin/users/delete` */
export async function deleteUser(ask: Ask, app: App): Promise<Response> {
  const { params, admin } = await changeAs(ask, app, ['uname'])
  const uname = params.require('uname')
  const ended = await app.users.delete(uname)
  app.meter.count('revoked', ended)
  app.audit.info({ event: 'user_delete', ...ask.origin, ...by(admin), uname, ended }, 'deleted a user')
  return json({ ended })
}

/** `admin/sessions/list`: those of a user, of an address, of a handle, or all. */
export async function listSessions(ask: Ask, app: App): Promise<Response> {
  const params = await readAs(ask, app, ['uname', 'address', 'handle', ...PAGED])
  const { after, limit } = params.page(SESSION_CURSOR)
  const filter = {
    uname: params.filter('uname'),
    address: params.filter('address'),
    handle: params.filter('handle'),
  }
  const { items, next } = await app.sessions.list(filter, after, limit)
  return json({ sessions: items.map(shown), next })
}

/** `admin/sessions/count`: how many a user has, or all. */
export async function countSessions(ask: Ask, app: App): Promise<Response> {
  const params = await readAs(ask, app, ['uname'])
  return json({ sessions: await app.sessions.count(params.find('uname') ?? null) })
}

/** `admin/sessions/revoke`: one session, those of a user, or all. */
export async function revokeSessions(ask: Ask, app: App): Promise<Response> {
  const { params, admin } = await changeAs(ask, app, ['handle', 'uname', 'all'])
  const ended = await revokeThose(params, app)
  app.meter.count('revoked', ended)
  const which = { uname: params.find('uname'), revoked: params.find('handle'), all: params.flag('all') }
  app.audit.info({ event: 'revoke', ...ask.origin, ...by(admin), ...which, ended }, 'ended sessions')
  return json({ ended })
}

/** `admin/log/list`: what happened, of whatever kind or of one, to whomever or to one user. */
export async function listEvents(ask: Ask, app: App): Promise<Response> {
  const params = await readAs(ask, app, ['uname', 'event', ...PAGED])
  const { after, limit } = params.page(/^\d{1,15}$/)
  const filter = { uname: params.filter('uname'), event: params.filter('event') }
  const { items, next } = await app.audit.list(filter, after, limit)
  return json({ events: items.map(({ at, ...fields }) => ({ at: instant(at), ...fields })), next })
}

async function revokeThose(params: Params, app: App): Promise<number> {
  const handle = params.find('handle')
  const uname = params.find('uname')
  const all = params.flag('all') === true
  if ([handle !== undefined, uname !== undefined, all].filter(Boolean).length !== 1) {
    throw new Refusal(
      'invalid_parameter',
      'Say which sessions end: handle=…, uname=… or all=true, one of the three.',
    )
  }
  if (all) return app.sessions.revokeAll()
  if (uname !== undefined) return app.users.endSessions(uname, null)
  if (!(await app.sessions.revoke(handle ?? '', null))) throw noSuchSession()
  return 1
}

/** The parameters of a call that changes nothing, once it is known that an admin asks. */
export async function readAs(ask: Ask, app: App, known: readonly string[]): Promise<Params> {
  const pairs = await ask.params('fields')
  await requireAdmin(ask, app, 'read', pairs)
  return namedParams(pairs, known)
}

async function changeAs(
  ask: Ask,
  app: App,
  known: readonly string[],
): Promise<{ pairs: readonly Pair[]; params: Params; admin: LoggedIn }> {
  requireInBody(ask, ['password'])
  const pairs = await ask.params('fields')
  const admin = await requireAdmin(ask, app, 'change', pairs)
  return { pairs, params: namedParams(pairs, known), admin }
}

/**
 * The fields that the parameters name, checked before the password is hashed. That takes a while, longer when many log in: whoever
 * asked may be no admin any more when it is done, and has to be asked again.
 */
async function fieldsOf(uname: string, params: Params, app: App): Promise<UserFields> {
  const given = {
    fullname: params.find('fullname'),
    email: params.find('email'),
    roles: params.list('roles'),
    disabled: params.flag('disabled'),
  }
  const fields: UserFields = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  )
  requireUser(uname, fields)
  const password = params.find('password')
  return password === undefined ? fields : { ...fields, passwordHash: await app.users.hashNew(password) }
}

const by = ({ session }: LoggedIn) => ({ admin: session.uname })
