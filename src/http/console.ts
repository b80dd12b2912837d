import { pageDocument } from '../console/document.tsx'
import { type PageName, pages } from '../console/pages.ts'
import { isRefusal, Refusal } from '../errors.ts'
import { csrfTokenOf, isProtected, type Token } from '../session/token.ts'
import { handleOf } from '../store/store.ts'
import { api } from './api.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { type Endpoint, endpoint, GET_AND_HEAD } from './endpoint.ts'
import { PASSWORD_PAGE } from './first-password.ts'
import { lastOf, parseQuery } from './form.ts'
import { requireSession } from './guard.ts'
import { showLogin } from './login.ts'
import { pageResponse, redirect } from './page.ts'
import { problemHeaders, statusOf } from './problem.ts'
import { returnTarget } from './return.ts'

/**
 * The API calls whose responses a page shows, by the names that the page uses. They receive the page's query,
 * and their guards check it: a page shows nothing that the API would not.
 */
type Calls = Readonly<Record<string, Endpoint>>

/** Returns a page, at its path in the navigation. */
export const page = (name: PageName, shows: Calls): Endpoint =>
  endpoint({
    path: pages[name].path,
    guard: 'page',
    methods: GET_AND_HEAD,
    counts: 'page',
    handle: ({ ask, app, token }) => draw(name, { ask, app, token }, { calls: shows }),
  })

/** Returns a page with a search. If the API refuses the search, the page shows why and `nothing`. */
export const searchPage = (name: PageName, shows: Calls, nothing: object): Endpoint =>
  endpoint({
    path: pages[name].path,
    guard: 'page',
    methods: GET_AND_HEAD,
    counts: 'page',
    async handle({ ask, app, token }) {
      try {
        return await draw(name, { ask, app, token }, { calls: shows })
      } catch (error) {
        if (!isRefusal(error, 'invalid_parameter')) throw error
        return draw(name, { ask, app, token }, { calls: {}, data: nothing, problem: error })
      }
    },
  })

/** A page whose form works without scripts: it is sent to a call of the API. */
interface WithForm {
  readonly shows: Calls
  readonly sends: Endpoint
  /** Returns where to redirect afterwards. `handle` is that of the session that sent the form. */
  leadsTo(handle: string): string
}

/** Returns a page with a form. Once sent, it redirects, or shows the form again with the problem. */
export const pageWithForm = (name: PageName, { shows, sends, leadsTo }: WithForm): Endpoint =>
  endpoint({
    path: pages[name].path,
    guard: 'page',
    methods: [...GET_AND_HEAD, 'POST'],
    counts: 'page',
    isOpenToFirstPassword: sends.isOpenToFirstPassword,
    async handle({ ask, app, token, session }) {
      if (ask.method !== 'POST') return draw(name, { ask, app, token }, { calls: shows })
      try {
        await sends.respond(ask, app)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return draw(name, { ask, app, token }, { calls: shows, problem: error })
      }
      return redirect(leadsTo(handleOf(session.id)), {}, 303)
    },
  })

/** Redirects to the user's sessions, or to `return_to`. Shows the login page without a session. */
export async function front(ask: Ask, app: App): Promise<Response> {
  const pairs = parseQuery(ask.query)
  const target = returnTarget(lastOf(pairs, 'return_to'), ask.headers.get('host'), app)
  try {
    const { token } = await requireSession(ask, app, { kind: 'read', pairs })
    if (target !== null) return redirect(target)
    return await draw('sessions', { ask, app, token }, { calls: { list: api.list } })
  } catch (error) {
    if (isRefusal(error, 'not_logged_in')) return showLogin(ask, app)
    if (isRefusal(error, 'password_change_needed')) return redirect(PASSWORD_PAGE)
    throw error
  }
}

interface Drawing {
  readonly calls: Calls
  readonly problem?: Refusal
  /** Data of the page besides the responses of the calls. */
  readonly data?: object
}

interface Viewer {
  readonly ask: Ask
  readonly app: App
  readonly token: Token
}

async function draw(
  name: PageName,
  viewer: Viewer,
  { calls, problem, data = {} }: Drawing,
): Promise<Response> {
  const { ask, app, token } = viewer
  const answers = Object.entries({ me: api.info, ...calls }).map(
    async ([what, call]) => [what, await (await call.respond(ask, app)).json()] as const,
  )
  const drawn = await pageDocument({
    name,
    data: { ...data, ...Object.fromEntries(await Promise.all(answers)) },
    csrfToken: isProtected(token) ? csrfTokenOf(token) : null,
    query: ask.query,
    problem: problem?.message ?? null,
  })
  return problem === undefined
    ? pageResponse(drawn, app)
    : pageResponse(drawn, app, statusOf(problem.code), problemHeaders(problem, app))
}
