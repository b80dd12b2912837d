import { troubleDocument } from '../console/document.tsx'
import { csrfTokenOf, isProtected } from '../session/token.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { pageResponse } from './page.ts'
import { type Problem, statusOf, titleOf } from './problem.ts'

/**
 * Returns the page shown in place of one that failed. It keeps the navigation and logout of a logged-in user.
 */
export async function troublePage(
  problem: Problem,
  ask: Ask,
  app: App,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const { code, detail, requestId } = problem
  const user = WITHOUT_USER.includes(code) ? null : await userOf(ask, app).catch(() => null)
  const drawn = troubleDocument({ code, title: TITLES[code] ?? titleOf(code), detail, requestId }, user)
  return pageResponse(drawn, app, statusOf(code), headers)
}

/**
 * For these problems the session is not looked up: its owner must stay unknown, or the store would delay the
 * page.
 */
const WITHOUT_USER: readonly Problem['code'][] = [
  'busy',
  'misdirected_request',
  'store_unavailable',
  'untrusted_peer',
]

/** Headings that replace the problem's title. */
const TITLES: Partial<Record<Problem['code'], string>> = {
  role_missing: 'You do not have access',
  not_found: 'Page not found',
  internal_error: 'Something went wrong',
  store_unavailable: 'Not available right now',
}

/** Returns the user of the first live session that the request presents, or null. Does not count as a use. */
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
