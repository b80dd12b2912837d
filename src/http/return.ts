import type { App } from './app.ts'

/** Where a login leads by default. */
export const FRONT_PAGE = '/index.csp'

/** Where visitors without a session are redirected. */
export const LOGIN_PAGE = '/login'

/** Leads to the end of a login, so no login leads there. */
export const LOGOUT = '/login/logout.csp'

/** Receives the login form. */
export const LOGIN_CHECK = '/z_security_check'

/** Tells whether a path belongs to programs, which get problems and never pages or redirects. */
export const isApiPath = (path: string): boolean => /^\/(session|user|admin|api)(\/|$)/.test(path)

/** Stands for this server under any name: no real host can have it. */
const SELF = 'self.invalid'

/** Rounds of percent-decoding. A path that still changes after them was made to deceive. */
const DECODING_ROUNDS = 8

/** What `returnTarget` needs to know about the server. */
type ReturnSettings = Pick<App, 'returnHosts' | 'cookie' | 'origin'>

/**
 * Returns where a `return_to` leads: a path of this server, or a URL on one of the configured hosts. Null: it
 * is absent, or leads elsewhere, to a change or back to the login page (ASVS 5.0, 3.7.2). `host` is the
 * request's `Host`.
 */
export function returnTarget(
  wanted: string | null,
  host: string | null,
  settings: ReturnSettings,
): string | null {
  if (wanted === null) return null
  const scheme = settings.cookie.isSecure ? 'https:' : 'http:'
  const url = URL.parse(wanted, `${scheme}//${SELF}`)
  if (url === null) return null
  if (url.host === SELF) return wanted.startsWith('/') ? ownPath(url) : null
  // An https server redirects nowhere that would require trust in plain http.
  if (url.protocol !== 'https:' && url.protocol !== scheme) return null
  if (url.username + url.password !== '') return null
  const isOwn = url.origin === (settings.origin.own ?? originOf(host))
  if (!isOwn && !settings.returnHosts.includes(url.host)) return null
  return (isOwn || url.host === host) && !isPlainPage(url.pathname) ? null : url.href
}

/** Returns the origin of a server without a public URL, by the `Host` of a request, known to be ours. */
const originOf = (host: string | null) => (host === null ? null : URL.parse(`http://${host}`)?.origin)

/**
 * Returns a URL's path on this server if a redirect may lead there. `/.//host` is `//host` by now, which a
 * browser takes for a host.
 */
const ownPath = ({ pathname, search, hash }: URL) =>
  !pathname.startsWith('//') && isPlainPage(pathname) ? pathname + search + hash : null

/**
 * Tells whether a path, however it is written, is no API call and neither begins nor ends a login. A browser
 * that is redirected to one says that our own page sent it there, and a proxy may decode a path before it
 * passes it on.
 */
function isPlainPage(path: string): boolean {
  let written = path
  for (let round = 0; round < DECODING_ROUNDS; round++) {
    const normal = normalOf(written)
    if (isApiPath(normal) || [LOGIN_PAGE, LOGOUT, LOGIN_CHECK].includes(normal)) return false
    const decoded = written.replace(/%([\da-f]{2})/gi, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (decoded === written) return true
    written = decoded
  }
  return false
}

/**
 * Returns a path as the most lenient proxy reads it: without case, control characters, parameters, empty and
 * dot segments.
 */
function normalOf(path: string): string {
  const [plain = ''] = path
    .toLowerCase()
    .replace(/[\p{Cc} ]/gu, '')
    .split(/[?#]/)
  const segments: string[] = []
  for (const each of plain.split(/[/\\]/)) {
    const [segment = ''] = each.split(';')
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}
