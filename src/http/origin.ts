/** The sites that `Sec-Fetch-Site` can name besides another one. What it does not name yet is taken for another one. */
const OUR_SITES = ['same-origin', 'same-site', 'none']

/**
 * Whether a browser marks the request as coming from another site. `Sec-Fetch-Site` decides; a browser that does not send it (plain
 * http beyond this machine) sends `Origin` with everything that changes something. A program sends neither. `own` is the origin that
 * browsers know the server by, or null: whatever `Host` says.
 */
export function isForeign(headers: Headers, own: string | null): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return !OUR_SITES.includes(site)
  const origin = headers.get('origin')
  if (origin === null || origin === own) return false
  // The public URL need not be the only name of the server: what the browser calls it is in Host, which no page can forge.
  const host = headers.get('host')
  return host === null || (origin !== `http://${host}` && origin !== `https://${host}`)
}

/** Whether a browser says that one of our own pages sent it. No redirect of ours may lead to a change: see `returnTarget`. */
export const isOwnPage = (headers: Headers): boolean => headers.get('sec-fetch-site') === 'same-origin'

/** What browsers add and no page can leave out: `Sec-Fetch-*` on https and on this machine, `Origin` with every POST. */
const BROWSER_HEADERS = ['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-user', 'origin']

/** Whether a browser sent it. */
export const isBrowser = (headers: Headers): boolean => BROWSER_HEADERS.some((name) => headers.has(name))
