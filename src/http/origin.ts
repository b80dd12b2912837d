/** What the server knows about its own origin. */
export interface OriginSettings {
  /** `https://host:port`, the origin by which browsers know the server, or null: whatever `Host` says. */
  readonly own: string | null
  /**
   * Whether other hosts of the site share the cookie. They may then send requests like the server's own
   * pages.
   */
  readonly sharesCookie: boolean
}

/**
 * Tells whether a browser marks the request as coming from another site. `Sec-Fetch-Site` decides, and an
 * unknown value counts as another site. `Origin` decides for other hosts of the same site, and if a browser
 * sends no `Sec-Fetch-Site` (plain http beyond this machine).
 */
export function isForeign(headers: Headers, settings: OriginSettings): boolean {
  const site = headers.get('sec-fetch-site')
  if (site === 'same-origin' || site === 'none') return false
  if (site === 'same-site' && settings.sharesCookie) return false
  if (site !== null && site !== 'same-site') return true
  const origin = headers.get('origin')
  return origin !== null && !isOwn(origin, headers, settings)
}

/**
 * Tells whether only `Referer` shows that another site sent the request. Links to pages have such a
 * `Referer`, so it counts for changes only.
 */
export const hasForeignReferer = (headers: Headers, settings: OriginSettings): boolean =>
  headers.has('referer') &&
  !headers.has('sec-fetch-site') &&
  !headers.has('origin') &&
  !isSentByOwn(headers, settings)

/** Tells whether `Referer` names a page of this server, or no page at all. */
export function isSentByOwn(headers: Headers, settings: OriginSettings): boolean {
  const url = URL.parse(headers.get('referer') ?? '')
  return url === null || !/^https?:$/.test(url.protocol) || isOwn(url.origin, headers, settings)
}

/**
 * Browsers may know the server by another name than its public URL: the one in `Host`, which no page can
 * forge.
 */
function isOwn(origin: string, headers: Headers, { own }: OriginSettings): boolean {
  if (origin === own) return true
  const host = headers.get('host')
  if (host === null) return false
  return origin === `https://${host}` || (!isHttps(own) && origin === `http://${host}`)
}

const isHttps = (own: string | null) => own?.startsWith('https:') === true

/** Headers with which browsers, old and new, mark a prefetch. No page can set the first one. */
const SPECULATION_HEADERS = ['sec-purpose', 'purpose', 'x-moz', 'x-purpose', 'x-sec-purpose']

/** Tells whether a browser sends the request ahead of its user, who may never follow the link. */
export const isSpeculative = (headers: Headers): boolean =>
  SPECULATION_HEADERS.some((name) => /prefetch|prerender|preview/i.test(headers.get(name) ?? ''))

/**
 * Headers that a page can only send to its own origin: for others a browser asks first, and we never allow
 * it.
 */
const SCRIPT_HEADERS = ['x-requested-with', 'csrftoken', 'x-csrf-token']

/** Tells whether a script of our own origin sent the request, by a header that no other page could set. */
export const isScript = (headers: Headers): boolean => SCRIPT_HEADERS.some((name) => headers.has(name))

/**
 * Tells whether a link, redirect or page element sent the request, not a script or program. Without
 * `Sec-Fetch-Mode`, `Accept` decides: browsers ask for documents, images and styles by type, curl and `fetch`
 * for anything.
 */
export function isNavigation(headers: Headers): boolean {
  if (headers.get('sec-fetch-mode') === 'navigate') return true
  if (headers.has('sec-fetch-site') || isScript(headers)) return false
  const accept = headers.get('accept')?.toLowerCase() ?? ''
  // No browser asks for a document or image as JSON, and some programs accept both.
  if (accept.includes('application/json')) return false
  return /text\/html|image\/|text\/css/.test(accept) || headers.has('upgrade-insecure-requests')
}

/**
 * Tells whether a browser says that our own page sent it. No redirect of ours may lead to a change: see
 * `returnTarget`.
 */
export const isOwnPage = (headers: Headers): boolean => headers.get('sec-fetch-site') === 'same-origin'

/**
 * Tells whether a browser navigates with this request, as by a link, so that the response replaces the page.
 */
export const isVisit = (headers: Headers): boolean => headers.get('sec-fetch-dest') === 'document'

/** Headers that browsers send with a login. Not `Sec-Fetch-Mode`, which Node's `fetch` sends too. */
const BROWSER_HEADERS = ['sec-fetch-site', 'origin', 'referer']

/**
 * Tells whether a browser seems to have sent the request. Old browsers without these headers still send the
 * usual name.
 */
export const isBrowser = (headers: Headers): boolean =>
  BROWSER_HEADERS.some((name) => headers.has(name)) ||
  headers.get('user-agent')?.startsWith('Mozilla/') === true
