import { pageDocument } from '../console/document.tsx'
import type { PageName } from '../console/pages.ts'
import { Refusal, type RefusalCode } from '../errors.ts'
import { csrfTokenOf, isProtected } from '../session/token.ts'
import { handleOf } from '../store/store.ts'
import { getUser, listEvents, listSessions, listUsers } from './admin.ts'
import type { Answer, App } from './app.ts'
import type { Ask } from './ask.ts'
import { PASSWORD_PAGE } from './first-password.ts'
import { lastOf, parseQuery } from './form.ts'
import { requireParams, requireSession } from './guard.ts'
import { showLogin } from './login.ts'
import { overview } from './overview.ts'
import { pageResponse, redirect } from './page.ts'
import { problemHeaders, statusOf } from './problem.ts'
import { LOGIN_PAGE, returnTarget } from './return.ts'
import { get } from './session.ts'
import { info, list, password, revoke } from './user.ts'

/** The calls of the API whose answers a page shows, by the names that the page knows them by. */
type Calls = Readonly<Record<string, Answer>>

/**
 * What each page shows. Its own query goes to the calls, and so do their checks: no page tells what the API would
 * not.
 */
const shows: Readonly<Record<PageName, Calls>> = {
  session: { attributes: get },
  sessions: { list },
  password: {},
  overview: { overview },
  'all-sessions': { found: listSessions },
  users: { found: listUsers },
  user: { user: getUser, found: listSessions },
  log: { log: listEvents },
}

/** Answers with a page, or, without a login, leads to the login and back. */
export const page =
  (name: PageName): Answer =>
  (ask, app) =>
    orLogIn(ask, () => show(name, ask, app, null))

/** A page with a search, which a search that the API refuses leads back to. */
export const searchPage =
  (name: PageName, nothing: object): Answer =>
  (ask, app) =>
    orLogIn(ask, async () => {
      try {
        return await show(name, ask, app, null)
      } catch (error) {
        if (!isCode(error, 'invalid_parameter')) throw error
        return draw(name, ask, app, { problem: error, calls: {}, data: nothing })
      }
    })

/** `/`, `/index.csp`, `/login`: the user's sessions, or where `return_to` says; without a session the login page. */
export async function front(ask: Ask, app: App): Promise<Response> {
  const pairs = parseQuery(ask.query)
  const target = returnTarget(lastOf(pairs, 'return_to'), ask.headers.get('host'), app)
  try {
    if (target !== null) {
      await requireSession(ask, app, 'read', pairs)
      return redirect(target)
    }
    return await show('sessions', ask, app, null)
  } catch (error) {
    if (isNotLoggedIn(error)) return showLogin(ask, app)
    if (isCode(error, 'password_change_needed')) return redirect(PASSWORD_PAGE)
    throw error
  }
}

/**
 * A page whose form, where there are no scripts, is a call of the API: done, which leads on, or shown again with
 * what was wrong.
 */
const pageWithForm =
  (name: PageName, call: Answer, leadsTo: (handle: string) => string): Answer =>
  (ask, app) =>
    orLogIn(ask, async () => {
      if (ask.method !== 'POST') return show(name, ask, app, null)
      // Before, since what was done must not be answered with a failure to find out who did it.
      const { session } = await requireSession(ask, app, 'read', await requireParams(ask, app, 'fields'))
      try {
        await call(ask, app)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return show(name, ask, app, error)
      }
      return redirect(leadsTo(handleOf(session.id)), {}, 303)
    })

export const ownSessions = pageWithForm('sessions', revoke, () => '/sessions')
// By its handle the page knows the session that did it. Nobody else who makes a link knows that.
export const ownPassword = pageWithForm('password', password, (handle) => `/password?done=${handle}`)

const show = (name: PageName, ask: Ask, app: App, problem: Refusal | null): Promise<Response> =>
  draw(name, ask, app, { problem, calls: shows[name], data: {} })

interface Drawing {
  readonly problem: Refusal | null
  readonly calls: Calls
  /** What it shows besides the answers of the calls. */
  readonly data: object
}

async function draw(
  name: PageName,
  ask: Ask,
  app: App,
  { problem, calls, data }: Drawing,
): Promise<Response> {
  const { token } = await requireSession(ask, app, 'read', await requireParams(ask, app, 'fields'))
  const answers = Object.entries({ me: info, ...calls }).map(
    async ([what, call]) => [what, await (await call(ask, app)).json()] as const,
  )
  const drawn = await pageDocument({
    name,
    data: { ...data, ...Object.fromEntries(await Promise.all(answers)) },
    csrfToken: isProtected(token) ? csrfTokenOf(token) : null,
    query: ask.query,
    problem: problem?.message ?? null,
  })
  return problem === null
    ? pageResponse(drawn, app)
    : pageResponse(drawn, app, statusOf(problem.code), problemHeaders(problem, app))
}

async function orLogIn(ask: Ask, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    if (isNotLoggedIn(error)) return redirect(`${LOGIN_PAGE}?return_to=${encodeURIComponent(ask.target)}`)
    if (isCode(error, 'password_change_needed') && ask.method !== 'POST') return redirect(PASSWORD_PAGE)
    throw error
  }
}

const isCode = (error: unknown, code: RefusalCode): error is Refusal =>
  error instanceof Refusal && error.code === code

const isNotLoggedIn = (error: unknown) => isCode(error, 'not_logged_in')
