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

/** How many users the console's page loads at first. */
const USERS_SHOWN = 500

/** An admin whose login is no longer fresh proves the identity again with this parameter. */
const proof = { [YOUR_PASSWORD]: secret }

const userFields = { uname: required, fullname: text, email: text, roles: list, disabled: flag }

/** The parameters of the admin calls. Any name can be a position in the list of users. */
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

/** An admin call with the parameters of its schema. */
type AdminCall<K extends keyof typeof ADMIN_PARAMS> = SessionCall<z.output<(typeof ADMIN_PARAMS)[K]>>

/**
 * `admin/users/list`. Parameters: `prefix` (ignoring case), `after`, `limit`. Returns the users whose names
 * begin with `prefix`, or all, and `next`, the start of the next page or null.
 */
export async function listUsers({ ask, app, params }: AdminCall<'listUsers'>): Promise<object> {
  const { after, prefix } = params
  // The console sorts the users that it has, so it loads more than programs get by default.
  const limit = limitOf(params, isApiPath(ask.path) ? undefined : USERS_SHOWN)
  const { items, next } = await (prefix === undefined
    ? app.users.list(after, limit)
    : app.users.search(prefix, after, limit))
  return { users: items.map(shownUser), next }
}

/**
 * `admin/users/get`. Parameter: `uname`. Returns the user without the password. Throws if there is no such
 * user.
 */
export const getUser = async ({ app, params }: AdminCall<'getUser'>): Promise<object> =>
  shownUser(await app.users.require(params.uname))

/**
 * `admin/users/create`. Parameters: `uname`, `password` and the user's fields. Returns `{}`. Throws if the
 * name is taken or looks like an admin's, or if a field or the password is not allowed. Needs a fresh login
 * or the admin's own password.
 */
export async function createUser(call: AdminCall<'createUser'>): Promise<object> {
  const { ask, app, params, session } = call
  const uname = await app.users.nameOf(params.uname)
  const fields = toFields(params)
  await app.users.requireNew(uname, fields)
  await requireFresh(ask, app, session, params[YOUR_PASSWORD])
  const withPassword = await withPasswordHash(params.password, app, fields, { ...fields, uname })
  await requireStillAdmin(call)
  await app.users.create(uname, withPassword)
  app.audit.info({ event: 'user_create', ...ask.origin, ...by(call), uname }, 'created a user')
  return {}
}

/**
 * `admin/users/update`. Parameters: `uname` and the fields to change. Returns how many sessions `ended`. A
 * change of password, roles or `disabled` needs a fresh login or the admin's own password. Throws if there is
 * no such user.
 */
export async function updateUser(call: AdminCall<'updateUser'>): Promise<object> {
  const { ask, app, params } = call
  const user = await app.users.require(params.uname)
  const { uname } = user
  const fields = toFields(params)
  requireUser(uname, fields)
  await requireMayUpdate(call, uname)
  const changes = await withPasswordHash(params.password, app, fields, { ...user, ...fields })
  await requireStillAdmin(call)
  const ended = await app.users.update(uname, changes)
  app.meter.count('revoked', ended)
  app.audit.info(
    { event: 'user_update', ...ask.origin, ...by(call), uname, changed: Object.keys(changes), ended },
    'updated a user',
  )
  return { ended }
}

/**
 * `admin/users/delete`. Parameter: `uname`. Deletes the user and returns how many sessions `ended`. Needs a
 * fresh login or the admin's own password. Throws if there is no such user.
 */
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

/**
 * `admin/sessions/list`. Parameters: `uname`, `address`, `handle`, `after`, `limit`. Returns the matching
 * live sessions, or all, latest login first, and `next`, the start of the next page or null.
 */
export async function listSessions({ app, params }: AdminCall<'listSessions'>): Promise<object> {
  const { address, handle } = params
  const which = { uname: await toStoredName(params, app), address: address && typedAddress(address), handle }
  const { items, next } = await app.sessions.list(which, params.after, limitOf(params))
  return { sessions: items.map(shown), next }
}

/**
 * `admin/sessions/count`. Parameter: `uname`, or none for all users. Returns the number of live `sessions`.
 */
export const countSessions = async ({ app, params }: AdminCall<'countSessions'>): Promise<object> => ({
  sessions: await app.sessions.count((await toStoredName(params, app)) ?? null),
})

/**
 * `admin/sessions/revoke`. Parameters: exactly one of `handle`, `uname` and `all`. Returns how many sessions
 * `ended`. Throws if there is no session with the handle. Needs a fresh login or the admin's own password,
 * unless the session is the admin's own.
 */
export async function revokeSessions(call: AdminCall<'revokeSessions'>): Promise<object> {
  const { ask, app, params, session } = call
  const end = toRevocation(call)
  // Ending the admin's own session needs no more than a logout does, whichever call is used.
  if (params.handle !== handleOf(session.id)) {
    await requireFresh(ask, app, session, params[YOUR_PASSWORD])
    await requireStillAdmin(call)
  }
  const ended = await end()
  app.meter.count('revoked', ended)
  const which = { uname: await toStoredName(params, app), revoked: params.handle, all: params.all }
  app.audit.info({ event: 'revoke', ...ask.origin, ...by(call), ...which, ended }, 'ended sessions')
  return { ended }
}

/**
 * `admin/log/list`. Parameters: `uname`, `event`, `address`, `from`, `to`, `after`, `limit`. Returns the
 * events that match all parameters, newest first, and `next`, the start of the next page or null.
 */
export async function listEvents({ app, params }: AdminCall<'listEvents'>): Promise<object> {
  const { event, address, from, to } = params
  const which = {
    uname: await toStoredName(params, app),
    event,
    address: address && typedAddress(address),
    from,
    to,
  }
  const { items, next } = await app.audit.list(which, params.after, limitOf(params))
  return { events: items.map(({ at, ...fields }) => ({ at: instant(at), ...fields })), next }
}

/**
 * Returns a function that ends the sessions that the parameters name and resolves with their number. Throws
 * if the parameters name none.
 */
function toRevocation({ app, params }: AdminCall<'revokeSessions'>): () => Promise<number> {
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

/** Returns the user's name as it is stored, for the filter of a list. */
const toStoredName = async ({ uname }: { readonly uname?: string | undefined }, app: App) =>
  uname === undefined || uname === '' ? undefined : app.users.nameOf(uname)

/**
 * Checks the role again right before a change: hashing or checking a password took a while since the request
 * arrived.
 */
const requireStillAdmin = ({ ask, app, pairs }: SessionCall) =>
  requireAdmin(ask, app, { kind: 'change', pairs })

/** Fields that decide who may log in, and so need more than a cookie. */
const SENSITIVE = ['password', 'roles', 'disabled'] as const

/**
 * Throws if an admin without a fresh login changes who may log in, or if admins change their own password
 * here.
 */
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

/** Returns the fields that the parameters name, without the password. */
function toFields({ fullname, email, roles, disabled }: AdminCall<'updateUser'>['params']): UserFields {
  const given = { fullname, email, roles, disabled }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** Adds the hash of the password to the fields, if there is a password. */
async function withPasswordHash(
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
