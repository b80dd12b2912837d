import { typedAddress } from '../address.ts'
import { Refusal } from '../errors.ts'
import type { PasswordContext } from '../login/password-rules.ts'
import { requireUser, shownUser, type UserFields } from '../login/users.ts'
import { instant, shown } from '../session/shown.ts'
import { handleOf } from '../store/store.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import type { Pair } from './form.ts'
import { requireFresh, YOUR_PASSWORD } from './fresh.ts'
import { type LoggedIn, requireAdmin, requireParams } from './guard.ts'
import { json } from './json.ts'
import { namedParams, PAGED, type Params, requireInBody, SESSION_CURSOR } from './params.ts'
import { isApiPath } from './return.ts'
import { noSuchSession } from './user.ts'

/** Users that the page for people shows at once. */
const USERS_SHOWN = 500

const FIELDS = ['uname', 'fullname', 'email', 'password', 'roles', 'disabled']

/** `admin/users/list`: all, or those whose name begins with `prefix`. */
export async function listUsers(ask: Ask, app: App): Promise<Response> {
  const params = await readAs(ask, app, ['prefix', ...PAGED])
  // Any name can be a place in this list. The page for people sorts what it has, so that it has more than programs get.
  const { after, limit } = params.page(/^/, isApiPath(ask.path) ? undefined : USERS_SHOWN)
  const prefix = params.filter('prefix')
  const { items, next } = await (prefix === undefined
    ? app.users.list(after, limit)
    : app.users.search(prefix, after, limit))
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
  const uname = await app.users.nameOf(params.require('uname'))
  const fields = fieldsOf(params)
  await app.users.requireNew(uname, fields)
  await requireFresh(ask, app, admin.session, params.find(YOUR_PASSWORD))
  const withPassword = await hashing(params, app, fields, { ...fields, uname })
  await requireAdmin(ask, app, 'change', pairs)
  await app.users.create(uname, withPassword)
  app.audit.info({ event: 'user_create', ...ask.origin, ...by(admin), uname }, 'created a user')
  return json({})
}

/** `admin/users/update` */
export async function updateUser(ask: Ask, app: App): Promise<Response> {
  const { pairs, params, admin } = await changeAs(ask, app, FIELDS)
  const user = await app.users.require(params.require('uname'))
  const { uname } = user
  const fields = fieldsOf(params)
  requireUser(uname, fields)
  await requireMayUpdate(ask, app, admin, { uname, params })
  const changes = await hashing(params, app, fields, { ...user, ...fields })
  await requireAdmin(ask, app, 'change', pairs)
  const ended = await app.users.update(uname, changes)
  app.meter.count('revoked', ended)
  app.audit.info(
    { event: 'user_update', ...ask.origin, ...by(admin), uname, changed: Object.keys(changes), ended },
    'updated a user',
  )
  return json({ ended })
}

/** `admin/users/delete` */
export async function deleteUser(ask: Ask, app: App): Promise<Response> {
  const { pairs, params, admin } = await changeAs(ask, app, ['uname'])
  const { uname } = await app.users.require(params.require('uname'))
  await requireFresh(ask, app, admin.session, params.find(YOUR_PASSWORD))
  await requireAdmin(ask, app, 'change', pairs)
  const ended = await app.users.delete(uname)
  app.meter.count('revoked', ended)
  app.audit.info({ event: 'user_delete', ...ask.origin, ...by(admin), uname, ended }, 'deleted a user')
  return json({ ended })
}

/** `admin/sessions/list`: those of a user, of an address, of a handle, or all. */
export async function listSessions(ask: Ask, app: App): Promise<Response> {
  const params = await readAs(ask, app, ['uname', 'address', 'handle', ...PAGED])
  const { after, limit } = params.page(SESSION_CURSOR)
  const address = params.filter('address')
  const filter = {
    uname: await nameIn(params, app),
    address: address && typedAddress(address),
    handle: params.filter('handle'),
  }
  const { items, next } = await app.sessions.list(filter, after, limit)
  return json({ sessions: items.map(shown), next })
}

/** `admin/sessions/count`: how many a user has, or all. */
export async function countSessions(ask: Ask, app: App): Promise<Response> {
  const params = await readAs(ask, app, ['uname'])
  return json({ sessions: await app.sessions.count((await nameIn(params, app)) ?? null) })
}

/** `admin/sessions/revoke`: one session, those of a user, or all. */
export async function revokeSessions(ask: Ask, app: App): Promise<Response> {
  const { pairs, params, admin } = await changeAs(ask, app, ['handle', 'uname', 'all'])
  const end = revoking(params, app)
  // Logging oneself out takes nothing more, however it is asked for.
  if (params.find('handle') !== handleOf(admin.session.id)) {
    await requireFresh(ask, app, admin.session, params.find(YOUR_PASSWORD))
    await requireAdmin(ask, app, 'change', pairs)
  }
  const ended = await end()
  app.meter.count('revoked', ended)
  const which = { uname: await nameIn(params, app), revoked: params.find('handle'), all: params.flag('all') }
  app.audit.info({ event: 'revoke', ...ask.origin, ...by(admin), ...which, ended }, 'ended sessions')
  return json({ ended })
}

/** `admin/log/list`: events, newest first, that have all of what the parameters name. */
export async function listEvents(ask: Ask, app: App): Promise<Response> {
  const params = await readAs(ask, app, ['uname', 'event', 'address', 'from', 'to', ...PAGED])
  const { after, limit } = params.page(/^\d{1,15}$/)
  const address = params.filter('address')
  const filter = {
    uname: await nameIn(params, app),
    event: params.filter('event'),
    address: address && typedAddress(address),
    from: params.instant('from', 'start'),
    to: params.instant('to', 'end'),
  }
  const { items, next } = await app.audit.list(filter, after, limit)
  return json({ events: items.map(({ at, ...fields }) => ({ at: instant(at), ...fields })), next })
}

/** What ends the sessions that the parameters name; how many ended. Refuses parameters that do not say which. */
function revoking(params: Params, app: App): () => Promise<number> {
  const handle = params.find('handle')
  const uname = params.find('uname')
  const all = params.flag('all') === true
  if ([handle !== undefined, uname !== undefined, all].filter(Boolean).length !== 1) {
    throw new Refusal(
      'invalid_parameter',
      'Say which sessions end: handle=…, uname=… or all=true, one of the three.',
    )
  }
  if (all) return () => app.sessions.revokeAll()
  if (uname !== undefined) return () => app.users.endSessions(uname, null)
  return async () => {
    if (!(await app.sessions.revoke(handle ?? '', null))) throw noSuchSession()
    return 1
  }
}

/** The user that a list is narrowed to, by the name that is stored. */
async function nameIn(params: Params, app: App): Promise<string | undefined> {
  const uname = params.filter('uname')
  return uname === undefined ? undefined : app.users.nameOf(uname)
}

/** The parameters of a call that changes nothing, once it is known that an admin asks. */
export async function readAs(ask: Ask, app: App, known: readonly string[]): Promise<Params> {
  const pairs = await requireParams(ask, app, 'fields')
  await requireAdmin(ask, app, 'read', pairs)
  return namedParams(pairs, known)
}

async function changeAs(
  ask: Ask,
  app: App,
  known: readonly string[],
): Promise<{ pairs: readonly Pair[]; params: Params; admin: LoggedIn }> {
  const pairs = await requireParams(ask, app, 'fields')
  const admin = await requireAdmin(ask, app, 'change', pairs)
  requireInBody(ask, ['password', YOUR_PASSWORD])
  return { pairs, params: namedParams(pairs, [...known, YOUR_PASSWORD]), admin }
}

/** What decides who may log in, and so needs more than a cookie. */
const SENSITIVE = ['password', 'roles', 'disabled']

/** Refuses a change of who may log in to an admin who has not logged in just now, and of the admin's own password to anyone. */
async function requireMayUpdate(
  ask: Ask,
  app: App,
  { session }: LoggedIn,
  { uname, params }: { readonly uname: string; readonly params: Params },
): Promise<void> {
  const password = params.find(YOUR_PASSWORD)
  const isSensitive = SENSITIVE.some((name) => params.find(name) !== undefined)
  if (!isSensitive && password === undefined) return
  if (params.find('password') !== undefined && uname === session.uname) {
    throw new Refusal(
      'own_password',
      'Change your own password with user/password, which asks for the old one. Nothing was changed.',
    )
  }
  await requireFresh(ask, app, session, password)
}

/** The fields that the parameters name, without the password. */
function fieldsOf(params: Params): UserFields {
  const given = {
    fullname: params.find('fullname'),
    email: params.find('email'),
    roles: params.list('roles'),
    disabled: params.flag('disabled'),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/**
 * Fields with the hash of the password that the parameters name, if they name one. Hashing takes a while, longer when many log
 * in: the caller may be no admin any more when it is done, and has to be checked again.
 */
async function hashing(
  params: Params,
  app: App,
  fields: UserFields,
  context: PasswordContext,
): Promise<UserFields> {
  const password = params.find('password')
  return password === undefined
    ? fields
    : { ...fields, passwordHash: await app.users.hashNew(password, context) }
}

const by = ({ session }: LoggedIn) => ({ admin: session.uname })
