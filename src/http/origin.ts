/** What the server knows of its own place in the web. */
export interface OriginSettings {
  /** `https://host:port`, the origin that browsers know the server by, or null: whatever `Host` says. */
  readonly own: string | null
  /** Whether the cookie is shared with the other hosts of the site, which may then ask like the server's own pages. */
  readonly sharesCookie: boolean
}

/**
 * Whether a browser marks the request as coming from another site. `Sec-Fetch-Site` decides, and an unknown value counts as another
 * site. `Origin` decides for other hosts of the same site, and where a browser sends no `Sec-Fetch-Site` (plain http beyond this machine).
 */
export function isForeign(headers: Headers, settings: OriginSettings): boolean {
  const site = headers.get('sec-fetch-site')
  if (site === 'same-origin' || site === 'none') return false
  if (site === 'same-site' && settings.sharesCookie) return false
  if (site !== null && site !== 'same-site') return true
  const origin = headers.get('origin')
  return origin !== null && !isOwn(origin, headers, settings)
}

/** Whether only `Referer` says that another site sent the request. Links to pages have such a `Referer`, so it counts for changes alone. */
export const hasForeignReferer = (headers: Headers, settings: OriginSettings): boolean =>
  headers.has('referer') &&
  !headers.has('sec-fetch-site') &&
  !headers.has('origin') &&
  !isSentByOwn(headers, settings)

/** Whether `Referer` names a page of this server, or nothing that is a page. */
export function isSentByOwn(headers: Headers, settings: OriginSettings): boolean {
  const url = URL.parse(headers.get('referer') ?? '')
  return url === null || !/^https?:$/.test(url.protocol) || isOwn(url.origin, headers, settings)
}

/** Browsers may know the server by another name than its public URL: the one in `Host`, which no page can forge. */
function isOwn(origin: string, headers: Headers, { own }: OriginSettings): boolean {
  if (origin === own) return true
  const host = headers.get('host')
  if (host === null) return false
  return origin === `https://${host}` || (!isHttps(own) && origin === `http://${host}`)
}

const isHttps = (own: string | null) => own?.startsWith('https:') === true

/** The headers in which browsers, old and new, say that a request runs ahead of the user. No page can set the first one. */
const SPECULATION_HEADERS = ['sec-purpose', 'purpose', 'x-moz', 'x-purpose', 'x-sec-purpose']

/** Whether a browser sends the request ahead of its user, who may never follow the link. */
export const isSpeculative = (headers: Headers): boolean =>
  SPECULATION_HEADERS.some((name) => /prefetch|prerender|preview/i.test(headers.get(name) ?? ''))

/** Headers that a page can only send to its own origin: for others a browser asks first, and we never allow it. */
const SCRIPT_HEADERS = ['x-requested-with', 'csrftoken', 'x-csrf-token']

/** Whether a script of our own origin sent the request, going by a header that no other could set. */
export const isScript = (headers: Headers): boolean => SCRIPT_HEADERS.some((name) => headers.has(name))

/**
 * Whether a link, a redirect or an element of a page sends the request, not a script or a program. Without `Sec-Fetch-Mode`, what it
 * accepts tells: browsers ask for documents, images and styles by their types, curl and `fetch` for anything.
 */
export function isNavigation(headers: Headers): boolean {
  if (headers.get('sec-fetch-mode') === 'navigate') return true
  if (headers.has('sec-fetch-site') || isScript(headers)) return false
  const accept = headers.get('accept')?.toLowerCase() ?? ''
  // No browser asks for a document or an image in JSON, and some programs accept both.
  if (accept.includes('application/json')) return false
  return /text\/html|image\/|text\/css/.test(accept) || headers.has('upgrade-insecure-requests')
}

/** Whether a browser says that one of our own pages sent it. No redirect of ours may lead to a change: see `returnTarget`. */
export const isOwnPage = (headers: Headers): boolean => headers.get('sec-fetch-site') === 'same-origin'

/** Whether a browser says that somebody goes where it leads, as by a link, so that the answer takes the place of the page before. */
export const isVisit = (headers: Headers): boolean => headers.get('sec-fetch-dest') === 'document'

/** What browsers send with a login. `Sec-Fetch-Mode` alone is none of them: Node's `fetch` sends it too. */
const BROWSER_HEADERS = ['sec-fetch-site', 'origin', 'referer']

/** Whether a browser sent it, as far as it shows. Old ones that send none of these headers still have the name that they all have. */
export const isBrowser = (headers: Headers): boolean =>
  BROWSER_HEADERS.some((name) => headers.has(name)) ||
  headers.get('user-agent')?.startsWith('Mozilla/') === true
