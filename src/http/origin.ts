/** Where a request comes from, as far as a browser says so. */
export interface OriginSettings {
  /** `https://host:port`, the origin that browsers know the server by, or null: whatever `Host` says. */
  readonly own: string | null
  /** Whether the hosts of our site are trusted like the server itself, since the cookie is shared with them. */
  readonly trustsSite: boolean
}

/**
 * Whether a browser marks the request as coming from another site. `Sec-Fetch-Site` decides; a browser that does not send it (plain
 * http beyond this machine) sends `Origin` with everything that changes something. A program sends neither.
 */
export function isForeign(headers: Headers, { own, trustsSite }: OriginSettings): boolean {
  const site = headers.get('sec-fetch-site')
  if (site !== null) return site === 'cross-site' || (site === 'same-site' && !trustsSite)
  const origin = headers.get('origin')
  if (origin === null || origin === own) return false
  // The public URL need not be the only name of the server: what the browser calls it is in Host, which no page can forge.
  const host = headers.get('host')
  return host === null || (origin !== `http://${host}` && origin !== `https://${host}`)
}

/** Whether a browser says that one of our own pages sent it. */
export const isOwnPage = (headers: Headers): boolean => headers.get('sec-fetch-site') === 'same-origin'

/** Whether it carries what every browser adds and no page can leave out (on https, or on this machine). */
export const isBrowser = (headers: Headers): boolean =>
  headers.has('sec-fetch-site') ||
  headers.has('sec-fetch-mode') ||
  headers.has('sec-fetch-dest') ||
  headers.has('sec-fetch-user')
