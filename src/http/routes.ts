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
import { healthz, readyz } from './health.ts'
import { front, logIn, logOutPage, ownSessions } from './login.ts'
import { LOGOUT } from './return.ts'
import { get, invalidate, put, remove } from './session.ts'
import { info, list, password, revoke } from './user.ts'

/** What answers a path, and to which methods. */
export interface Route {
  readonly answer: Answer
  readonly methods: readonly string[]
}

type Routes = readonly (readonly [path: string, methods: readonly string[], answer: Answer])[]

const POST = ['POST']
const BOTH = ['GET', 'POST']
const PAGE = ['GET', 'HEAD']

/** Each exists three times: bare, and under `/api/1` and `/api/2`. */
const api: Routes = [
  ['/session/put', BOTH, put],
  ['/session/get', BOTH, get],
  ['/session/delete', BOTH, remove],
  ['/session/invalidate', BOTH, invalidate],
  ['/session/info', BOTH, info],
  ['/session/list', BOTH, list],
  ['/session/revoke', POST, revoke],
  ['/user/password', POST, password],
  ['/admin/users/list', BOTH, listUsers],
  ['/admin/users/get', BOTH, getUser],
  ['/admin/users/create', POST, createUser],
  ['/admin/users/update', POST, updateUser],
  ['/admin/users/delete', POST, deleteUser],
  ['/admin/sessions/list', BOTH, listSessions],
  ['/admin/sessions/count', BOTH, countSessions],
  ['/admin/sessions/revoke', POST, revokeSessions],
  ['/admin/log/list', BOTH, listEvents],
]

const pages: Routes = [
  ['/', PAGE, front],
  ['/index.csp', PAGE, front],
  ['/login', PAGE, front],
  ['/sessions', [...PAGE, ...POST], ownSessions],
  ['/z_security_check', POST, logIn],
  [LOGOUT, BOTH, logOutPage],
]

const health: Routes = [
  ['/healthz', PAGE, healthz],
  ['/readyz', PAGE, readyz],
]

const route = (path: string, methods: readonly string[], answer: Answer) =>
  [path, { answer, methods }] as const

export const routes: ReadonlyMap<string, Route> = new Map([
  ...api.flatMap(([path, ...rest]) =>
    ['', '/api/1', '/api/2'].map((prefix) => route(prefix + path, ...rest)),
  ),
  ...[...pages, ...health].map((each) => route(...each)),
])
