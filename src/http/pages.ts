import { SCRIPT_PATH } from '../console/bundle.ts'
import { health, loggedIn } from './answers.ts'
import { api } from './api.ts'
import { front, page, pageWithForm, searchPage } from './console.ts'
import { type Endpoint, endpoint, GET_AND_HEAD } from './endpoint.ts'
import { PASSWORD_PAGE } from './first-password.ts'
import { healthz, readyz } from './health.ts'
import { LOGIN_PARAMS, logIn } from './login.ts'
import { logOutPage } from './logout.ts'
import { redirect } from './page.ts'
import { FRONT_PAGE, LOGIN_CHECK, LOGIN_PAGE, LOGOUT } from './return.ts'
import { script } from './script.ts'

/** What needs no session. */
const open = [
  ...['/', FRONT_PAGE, LOGIN_PAGE].map((path) =>
    endpoint({ path, guard: 'public', methods: GET_AND_HEAD, counts: 'page', handle: front }),
  ),
  endpoint({
    // Where password managers look for it (W3C, a well-known URL for changing passwords).
    path: '/.well-known/change-password',
    guard: 'public',
    methods: GET_AND_HEAD,
    counts: 'page',
    handle: () => redirect(PASSWORD_PAGE),
  }),
  endpoint({ path: SCRIPT_PATH, guard: 'public', methods: GET_AND_HEAD, counts: 'page', handle: script }),
  ...(
    [
      ['/healthz', 'Says that the process lives.', healthz],
      ['/readyz', 'Says whether this server should get requests; else 503.', readyz],
    ] as const
  ).map(([path, does, handle]) =>
    endpoint({
      path,
      does,
      guard: 'public',
      methods: GET_AND_HEAD,
      counts: 'health',
      answer: health,
      handle,
    }),
  ),
]

const inAndOut = [
  endpoint({
    path: LOGIN_CHECK,
    does: 'Logs in. The answer is 200 where `Accept` asks for JSON; else it leads on.',
    guard: 'entrance',
    methods: ['POST'],
    counts: 'login',
    reads: LOGIN_PARAMS,
    answer: loggedIn,
    handle: logIn,
  }),
  endpoint({
    path: LOGOUT,
    does: 'Ends the session, and leads to the login page.',
    guard: 'entrance',
    methods: ['GET', 'POST'],
    counts: 'logout',
    handle: logOutPage,
  }),
]

/** The console's pages, login and logout, and the health checks. */
export const pages: readonly Endpoint[] = [
  ...open,
  ...inAndOut,
  pageWithForm('sessions', { shows: { list: api.list }, sends: api.revoke, leadsTo: () => '/sessions' }),
  pageWithForm('password', {
    shows: {},
    sends: api.password,
    // The handle shows the page which session made the change. A link from elsewhere cannot know it.
    leadsTo: (handle) => `${PASSWORD_PAGE}?done=${handle}`,
  }),
  page('session', { attributes: api.get }),
  page('overview', { overview: api.overview }),
  searchPage('all-sessions', { found: api.listSessions }, { found: { sessions: [], next: null } }),
  searchPage('users', { found: api.listUsers }, { found: { users: [], next: null } }),
  page('user', { user: api.getUser, found: api.listSessions }),
  searchPage('log', { log: api.listEvents }, { log: { events: [], next: null } }),
]
