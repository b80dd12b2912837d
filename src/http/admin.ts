import { z } from 'zod'
import { typedAddress } from '../address.ts'
import { Refusal } from '../errors.ts'
import type { PasswordContext } from '../login/password-rules.ts'
import { requireUser, shownUser, type UserFields } from '../login/users.ts'
import { instant, shown } from '../session/shown.ts'
import { handleOf } from '../store/store.ts'
import type { App } from './app.ts'
import type { SessionCall } from './endpoint.ts'
import { requireFresh, YOUR_PASSWORD } from './fresh.ts'
import { requireAdmin } from './guard.ts'
import {
  dateOrInstant,
  filter,
  flag,
  limitOf,
  list,
  newPassword,
  paging,
  required,
  SESSION_CURSOR,
  secret,
  text,
} from './params.ts'
import { isApiPath } from './return.ts'
import { noSuchSession } from './user.ts'

/** Users that the page for people shows at once. */
const USERS_SHOWN = 500

/** With it, an admin who logged in a while ago proves again who it is. */
const proof = { [YOUR_PASSWORD]: secret }

const userFields = { uname: required, fullname: text, email: text, roles: list, disabled: flag }

/** The parameters of the calls of admins. Any name can be a place in the list of users. */
export const ADMIN_PARAMS = {
  listUsers: z.object({ prefix: filter, ...paging(/^/) }),
  getUser: z.object({ uname: required }),
  createUser: z.object({ ...userFields, password: newPassword, ...proof }),
  updateUser: z.object({ ...userFields, password: secret, ...proof }),
  deleteUser: z.object({ uname: required, ...proof }),
  listSessions: z.object({ uname: filter, address: filter, handle: filter, ...paging(SESSION_CURSOR) }),
  countSessions: z.object({ uname: filter }),
  revokeSessions: z.object({ handle: text, uname: text, all: flag, ...proof }),
  listEvents: z.object({
    uname: filter,
    event: filter,
    address: filter,
    from: dateOrInstant('start'),
    to: dateOrInstant('end'),
    ...paging(/^\d{1,15}$/),
  }),
}

/** A call of an admin, with the parameters of its schema. */
type AdminCall<K extends keyof typeof ADMIN_PARAMS> = SessionCall<z.output<(typeof ADMIN_PARAMS)[K]>>

/** `admin/users/list`: all, or those whose name begins with `prefix`. */
export async function listUsers({ ask, app, params }: AdminCall<'listUsers'>): Promise<object> {
  const { after, prefix } = params
  // The page for people sorts what it has, so that it has more than programs get.
  const limit = limitOf(params, isApiPath(ask.path) ? undefined : USERS_SHOWN)
  const { items, next } = await (prefix === undefined
    ? app.users.list(after, limit)
    : app.users.search(prefix, after, limit))
  return { users: items.map(shownUser), next }
}

/** `admin/users/get` */
export const getUser = async ({ app, params }: AdminCall<'getUser'>): Promise<object> =>
  shownUser(await app.users.require(params.uname))

/** `admin/users/create` */
export async function createUser(call: AdminCall<'createUser'>): Promise<object> {
  const { ask, app, params, session } = call
  const uname = await app.users.nameOf(params.uname)
  const fields = fieldsOf(params)
  await app.users.requireNew(uname, fields)
  await requireFresh(ask, app, session, params[YOUR_PASSWORD])
  const withPassword = await hashing(params.password, app, fields, { ...fields, uname })
  await requireStillAdmin(call)
  await app.users.create(uname, withPassword)
  app.audit.info({ event: 'user_create', ...ask.origin, ...by(call), uname }, 'created a user')
  return {}
}

/** `admin/users/update` */
export async function updateUser(call: AdminCall<'updateUser'>): Promise<object> {
  const { ask, app, params } = call
  const user = await app.users.require(params.uname)
  const { uname } = user
  const fields = fieldsOf(params)
  requireUser(uname, fields)
  await requireMayUpdate(call, uname)
  const changes = await hashing(params.password, app, fields, { ...user, ...fields })
  await requireStillAdmin(call)
  const ended = await app.users.update(uname, changes)
  app.meter.count('revoked', ended)
  app.audit.info(
    { event: 'user_update', ...ask.origin, ...by(call), uname, changed: Object.keys(changes), ended },
    'updated a user',
  )
  return { ended }
}

/** `admin/users/delete` */
export async function deleteUser(call: AdminCall<'deleteUser'>): Promise<object> {
  const { ask, app, params, session } = call
  const { uname } = await app.users.require(params.uname)
  await requireFresh(ask, app, session, params[YOUR_PASSWORD])
  await requireStillAdmin(call)
  const ended = await app.users.delete(uname)
  app.meter.count('revoked', ended)
  app.audit.info({ event: 'user_delete', ...ask.origin, ...by(call), uname, ended }, 'deleted a user')
  return { ended }
}

/** `admin/sessions/list`: those of a user, of an address, of a handle, or all. */
export async function listSessions({ app, params }: AdminCall<'listSessions'>): Promise<object> {
  const { address, handle } = params
  const which = { uname: await nameIn(params, app), address: address && typedAddress(address), handle }
  const { items, next } = await app.sessions.list(which, params.after, limitOf(params))
  return { sessions: items.map(shown), next }
}

/** `admin/sessions/count`: how many a user has, or all. */
export const countSessions = async ({ app, params }: AdminCall<'countSessions'>): Promise<object> => ({
  sessions: await app.sessions.count((await nameIn(params, app)) ?? null),
})

/** `admin/sessions/revoke`: one session, those of a user, or all. */
export async function revokeSessions(call: AdminCall<'revokeSessions'>): Promise<object> {
  const { ask, app, params, session } = call
  const end = revoking(call)
  // Logging oneself out takes nothing more, however it is asked for.
  if (params.handle !== handleOf(session.id)) {
    await requireFresh(ask, app, session, params[YOUR_PASSWORD])
    await requireStillAdmin(call)
  }
  const ended = await end()
  app.meter.count('revoked', ended)
  const which = { uname: await nameIn(params, app), revoked: params.handle, all: params.all }
  app.audit.info({ event: 'revoke', ...ask.origin, ...by(call), ...which, ended }, 'ended sessions')
  return { ended }
}

/** `admin/log/list`: events, newest first, that have all of what the parameters name. */
export async function listEvents({ app, params }: AdminCall<'listEvents'>): Promise<object> {
  const { event, address, from, to } = params
  const which = {
    uname: await nameIn(params, app),
    event,
    address: address && typedAddress(address),
    from,
    to,
  }
  const { items, next } = await app.audit.list(which, params.after, limitOf(params))
  return { events: items.map(({ at, ...fields }) => ({ at: instant(at), ...fields })), next }
}

/** What ends the sessions that the parameters name; how many ended. Refuses parameters that do not say which. */
function revoking({ app, params }: AdminCall<'revokeSessions'>): () => Promise<number> {
  const { handle, uname, all = false } = params
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
const nameIn = async ({ uname }: { readonly uname?: string | undefined }, app: App) =>
  uname === undefined || uname === '' ? undefined : app.users.nameOf(uname)

/** Checks once more, right before a change: since the request came, the password was hashed or checked, which takes a while. */
const requireStillAdmin = ({ ask, app, pairs }: SessionCall) =>
  requireAdmin(ask, app, { kind: 'change', pairs })

/** What decides who may log in, and so needs more than a cookie. */
const SENSITIVE = ['password', 'roles', 'disabled'] as const

/** Refuses a change of who may log in to an admin who has not logged in just now, and of the admin's own password to anyone. */
async function requireMayUpdate(
  { ask, app, session, params }: AdminCall<'updateUser'>,
  uname: string,
): Promise<void> {
  const password = params[YOUR_PASSWORD]
  const isSensitive = SENSITIVE.some((name) => params[name] !== undefined)
  if (!isSensitive && password === undefined) return
  if (params.password !== undefined && uname === session.uname) {
    throw new Refusal(
      'own_password',
      'Change your own password with user/password, which asks for the old one. Nothing was changed.',
    )
  }
  await requireFresh(ask, app, session, password)
}

/** The fields that the parameters name, without the password. */
function fieldsOf({ fullname, email, roles, disabled }: AdminCall<'updateUser'>['params']): UserFields {
  const given = { fullname, email, roles, disabled }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** Fields with the hash of a password, if there is one. */
async function hashing(
  password: string | undefined,
  app: App,
  fields: UserFields,
  context: PasswordContext,
): Promise<UserFields> {
  return password === undefined
    ? fields
    : { ...fields, passwordHash: await app.users.hashNew(password, context) }
}

const by = ({ session }: SessionCall) => ({ admin: session.uname })
