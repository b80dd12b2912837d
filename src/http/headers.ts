/**
 * The policy of whatever is not a page: it runs nothing, loads nothing and cannot be framed, even if a
 * browser took it for a document.
 */
const NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"

/** Headers of every response besides its own. */
const COMMON = {
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
} as const

const POLICY = 'Content-Security-Policy'

/** Headers of every API response besides its type: no cache keeps it, and no browser guesses another type. */
export const API_HEADERS = { 'Cache-Control': 'no-store', ...COMMON, [POLICY]: NO_CONTENT_POLICY } as const

/**
 * Headers of every response. API responses have them from the start, and pages have a policy of their own.
 */
const everywhere = Object.entries({ ...COMMON, [POLICY]: NO_CONTENT_POLICY })

/** Values of `hsts`: not sent, for the public URL's host only, or for its subdomains too. */
export type HstsSetting = 'off' | 'host' | 'subdomains'

const YEAR = 31_536_000

/** Returns the `Strict-Transport-Security` header. Null: it is not sent. Browsers obey it over https only. */
export function strictTransport(setting: HstsSetting, isSecure: boolean): string | null {
  if (setting === 'off' || !isSecure) return null
  return setting === 'host' ? `max-age=${YEAR}` : `max-age=${YEAR}; includeSubDomains`
}

/** Adds the headers of every response. The only place that does, so that no response lacks them. */
export function complete({ headers }: Response, strictTransport: string | null): void {
  for (const [name, value] of everywhere) if (!headers.has(name)) headers.set(name, value)
  if (strictTransport !== null) headers.set('Strict-Transport-Security', strictTransport)
}
