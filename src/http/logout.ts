import { logoutDocument } from '../console/document.tsx'
import { isRefusal } from '../errors.ts'
import { csrfTokenOf, isProtected } from '../session/token.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { lastOf, type Pair, parseQuery } from './form.ts'
import { liveTokens, refuseForeign, refusePrefetch, withLogin } from './guard.ts'
import { isForeign, isNavigation, isOwnPage, isScript, isSentByOwn } from './origin.ts'
import { pageResponse, redirect } from './page.ts'
import { LOGIN_PAGE, returnTarget } from './return.ts'
import { logOut } from './session.ts'

/**
 * `/login/logout.csp`: ends the login and redirects to the login page. A GET that the user may not have
 * intended shows a page with a button and changes nothing.
 */
export async function logOutPage(ask: Ask, app: App): Promise<Response> {
  const pairs = ask.method === 'POST' ? await logOutByForm(ask, app) : parseQuery(ask.query)
  if (ask.method !== 'POST') {
    refusePrefetch(ask)
    if (!isMeant(ask, app)) return confirmation(ask, app, pairs)
    for (const token of await liveTokens(ask, app)) if ((await logOut(ask, app, token)) !== null) break
  }
  const target = returnTarget(lastOf(pairs, 'return_to'), ask.headers.get('host'), app)
  return redirect(target === null ? LOGIN_PAGE : `${LOGIN_PAGE}?return_to=${encodeURIComponent(target)}`, {
    'Set-Cookie': app.cookie.expired,
    ...(isClearing(ask, app, pairs) ? { 'Clear-Site-Data': '"cache", "storage"' } : {}),
  })
}

/**
 * Whether browser data of this origin is cleared too. Our own pages ask for it; other pages on this host
 * decide themselves.
 */
const isClearing = ({ method }: Ask, { clearsSiteData, cookie }: App, pairs: readonly Pair[]): boolean =>
  method === 'POST' && clearsSiteData && cookie.isSecure && lastOf(pairs, 'clear') === 'true'

/** Ends the login if the form proves it. Resolves with the parameters. */
async function logOutByForm(ask: Ask, app: App): Promise<readonly Pair[]> {
  // Also without a session: the response expires the cookie, which another site's POST does not carry.
  refuseForeign(ask, app)
  if (ask.tokens.length === 0) return parseQuery(ask.query)
  const pairs = await ask.params('fields', async () => {})
  try {
    await withLogin(ask, app, { kind: 'change', pairs, isOpenToFirstPassword: true }, (token) =>
      logOut(ask, app, token),
    )
  } catch (error) {
    // The session has ended already; the response is the same.
    if (!isRefusal(error, 'not_logged_in')) throw error
  }
  return pairs
}

/**
 * Tells whether the user, a page of this origin or a program asked for the logout, not a link or image
 * elsewhere.
 */
function isMeant({ headers }: Ask, app: App): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return isOwnPage(headers) || site === 'none'
  if (isNavigation(headers) || isForeign(headers, app.origin)) return false
  if (headers.has('origin') || isScript(headers)) return true
  if (headers.has('referer')) return isSentByOwn(headers, app.origin)
  // Every browser sends `Accept`; programs that call themselves Mozilla do not.
  return headers.get('user-agent')?.startsWith('Mozilla/') !== true || !headers.has('accept')
}

async function confirmation(ask: Ask, app: App, pairs: readonly Pair[]): Promise<Response> {
  const csrfToken = await csrfTokenOfSession(ask, app)
  return pageResponse(logoutDocument({ csrfToken, returnTo: lastOf(pairs, 'return_to') }), app)
}

/** Returns the CSRF token of the session that the request presents. Does not count as a use. */
async function csrfTokenOfSession(ask: Ask, app: App): Promise<string | null> {
  for (const token of await liveTokens(ask, app)) {
    if ((await app.sessions.look(token, [])) !== null) return isProtected(token) ? csrfTokenOf(token) : null
  }
  return null
}
