/** What the server knows of its own place in the web. */
export interface OriginSettings {
  /** `https://host:port`, the origin that browsers know the server by, or null: whatever `Host` says. */
  readonly own: string | null
  /** Whether the cookie is shared with the other hosts of the site, which may then ask like the server's own pages. */
  readonly sharesCookie: boolean
}

/**
 * Whether a browser marks the request as coming from another site. `Sec-Fetch-Site` decides, and a value that is new to us is taken for
 * another site. `Origin`, which comes with everything but GET, decides where that is not enough: for another host or port of the same
 * site, and for browsers that do not send `Sec-Fetch-Site`, as on plain http beyond this machine. A program sends neither.
 */
export function isForeign(headers: Headers, { own, sharesCookie }: OriginSettings): boolean {
  const site = headers.get('sec-fetch-site')
  if (site === 'same-origin' || site === 'none') return false
  if (site === 'same-site' && sharesCookie) return false
  if (site !== null && site !== 'same-site') return true
  const origin = headers.get('origin')
  if (origin === null || origin === own) return false
  // The public URL need not be the only name of the server: what the browser calls it is in Host, which no page can forge.
  const host = headers.get('host')
  return host === null || (origin !== `http://${host}` && origin !== `https://${host}`)
}

/** Whether a browser says that one of our own pages sent it. No redirect of ours may lead to a change: see `returnTarget`. */
export const isOwnPage = (headers: Headers): boolean => headers.get('sec-fetch-site') === 'same-origin'

/** Whether a browser says that somebody goes where it leads, as by a link, so that the answer takes the place of the page before. */
export const isVisit = (headers: Headers): boolean => headers.get('sec-fetch-dest') === 'document'

/** What browsers add and no page can leave out: `Sec-Fetch-*` on https and on this machine, `Origin` with every POST. */
const BROWSER_HEADERS = ['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-user', 'origin']

/** Whether a browser sent it. */
export const isBrowser = (headers: Headers): boolean => BROWSER_HEADERS.some((name) => headers.has(name))
