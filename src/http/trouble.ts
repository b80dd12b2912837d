import { troubleDocument } from '../console/document.tsx'
import { csrfTokenOf, isProtected } from '../session/token.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { pageResponse } from './page.ts'
import { type Problem, statusOf, titleOf } from './problem.ts'

/** The page in place of one that cannot be had. It keeps the navigation and the logout of a user who is logged in. */
export async function troublePage(
  problem: Problem,
  ask: Ask,
  app: App,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const { code, detail, requestId } = problem
  const user = UNASKED.includes(code) ? null : await userOf(ask, app).catch(() => null)
  const drawn = troubleDocument({ code, title: TITLES[code] ?? titleOf(code), detail, requestId }, user)
  return pageResponse(drawn, app, statusOf(code), headers)
}

/** Of these requests nobody may know whose they are, or the store that knows it would keep them waiting. */
const UNASKED: readonly Problem['code'][] = [
  'busy',
  'misdirected_request',
  'store_unavailable',
  'untrusted_peer',
]

/** What the heading of the page says in place of the title of the problem. */
const TITLES: Partial<Record<Problem['code'], string>> = {
  role_missing: 'You do not have access',
  not_found: 'Page not found',
  internal_error: 'Something went wrong',
  store_unavailable: 'Not available right now',
}

/** The user of the first live session that the request presents, or null. Looking is no use of the session. */
async function userOf(ask: Ask, app: App) {
  for (const token of ask.tokens) {
    const session = await app.sessions.look(token, [])
    const user = session === null ? null : await app.users.find(session.uname)
    if (user === null) continue
    const { uname, fullname, roles } = user
    return { me: { uname, fullname, roles }, csrfToken: isProtected(token) ? csrfTokenOf(token) : null }
  }
  return null
}
