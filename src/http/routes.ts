import { SCRIPT_PATH } from '../console/bundle.ts'
import { type Call, numberOf } from '../metrics/meter.ts'
import {
  countSessions,
  createUser,
  deleteUser,
  getUser,
  listEvents,
  listSessions,
  listUsers,
  revokeSessions,
  updateUser,
} from './admin.ts'
import type { Answer } from './app.ts'
import { front, ownPassword, ownSessions, page, searchPage } from './console.ts'
import { events } from './events.ts'
import { healthz, readyz } from './health.ts'
import { logIn } from './login.ts'
import { logOutPage } from './logout.ts'
import { overview } from './overview.ts'
import { redirect } from './page.ts'
import { LOGIN_CHECK, LOGIN_PAGE, LOGOUT } from './return.ts'
import { script } from './script.ts'
import { get, invalidate, put, remove } from './session.ts'
import { info, list, password, revoke } from './user.ts'

/** What answers a path, and to which methods. */
export interface Route {
  readonly answer: Answer
  readonly methods: readonly string[]
  /** The number of the call that it counts as. */
  readonly call: number
}

type Row = readonly [path: string, methods: readonly string[], answer: Answer, call: Call]

const GET = ['GET']
const POST = ['POST']
const BOTH = ['GET', 'POST']
const PAGE = ['GET', 'HEAD']

/** Each exists three times: bare, and under `/api/1` and `/api/2`. */
const api: readonly Row[] = [
  ['/session/put', BOTH, put, 'write'],
  ['/session/get', BOTH, get, 'read'],
  ['/session/delete', BOTH, remove, 'write'],
  ['/session/invalidate', BOTH, invalidate, 'logout'],
  ['/session/events', GET, events, 'account'],
  ['/session/info', BOTH, info, 'account'],
  ['/session/list', BOTH, list, 'account'],
  ['/session/revoke', POST, revoke, 'account'],
  ['/user/password', POST, password, 'account'],
  ['/admin/overview', BOTH, overview, 'admin'],
  ['/admin/users/list', BOTH, listUsers, 'admin'],
  ['/admin/users/get', BOTH, getUser, 'admin'],
  ['/admin/users/create', POST, createUser, 'admin'],
  ['/admin/users/update', POST, updateUser, 'admin'],
  ['/admin/users/delete', POST, deleteUser, 'admin'],
  ['/admin/sessions/list', BOTH, listSessions, 'admin'],
  ['/admin/sessions/count', BOTH, countSessions, 'admin'],
  ['/admin/sessions/revoke', POST, revokeSessions, 'admin'],
  ['/admin/log/list', BOTH, listEvents, 'admin'],
]

const pages: readonly Row[] = [
  ['/', PAGE, front, 'page'],
  ['/index.csp', PAGE, front, 'page'],
  [LOGIN_PAGE, PAGE, front, 'page'],
  ['/sessions', [...PAGE, ...POST], ownSessions, 'page'],
  ['/password', [...PAGE, ...POST], ownPassword, 'page'],
  ['/console/session', PAGE, page('session'), 'page'],
  ['/console/overview', PAGE, page('overview'), 'page'],
  ['/console/sessions', PAGE, searchPage('all-sessions', { found: { sessions: [], next: null } }), 'page'],
  ['/console/users', PAGE, searchPage('users', { found: { users: [], next: null } }), 'page'],
  ['/console/user', PAGE, page('user'), 'page'],
  ['/console/log', PAGE, searchPage('log', { log: { events: [], next: null } }), 'page'],
  // Where password managers look for it (W3C, a well-known URL for changing passwords).
  ['/.well-known/change-password', PAGE, () => redirect('/password'), 'page'],
  [SCRIPT_PATH, PAGE, script, 'page'],
  [LOGIN_CHECK, POST, logIn, 'login'],
  [LOGOUT, BOTH, logOutPage, 'logout'],
]

const health: readonly Row[] = [
  ['/healthz', PAGE, healthz, 'health'],
  ['/readyz', PAGE, readyz, 'health'],
]

const route = ([path, methods, answer, call]: Row) =>
  [path, { answer, methods, call: numberOf(call) }] as const

export const routes: ReadonlyMap<string, Route> = new Map([
  ...api.flatMap(([path, ...rest]) =>
    ['', '/api/1', '/api/2'].map((prefix) => route([prefix + path, ...rest])),
  ),
  ...[...pages, ...health].map(route),
])
