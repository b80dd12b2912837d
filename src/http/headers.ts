/** For what is no page: it runs nothing, loads nothing and is framed by nobody, even if a browser took it for a document. */
const NO_CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'"

/** What every answer says besides its own headers. */
const COMMON = {
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
} as const

const POLICY = 'Content-Security-Policy'

/** What every answer of the API says besides its type: no cache keeps it, and no browser takes it for another type. */
export const API_HEADERS = { 'Cache-Control': 'no-store', ...COMMON, [POLICY]: NO_CONTENT_POLICY } as const

/** Headers that every answer has. Answers of the API have them from the start, and pages have a policy of their own. */
const everywhere = Object.entries({ ...COMMON, [POLICY]: NO_CONTENT_POLICY })

/** What `hsts` may be: not sent, for the host of the public URL alone, or for its subdomains too. */
export type HstsSetting = 'off' | 'host' | 'subdomains'

const YEAR = 31_536_000

/** The value of `Strict-Transport-Security`. Null: it is not sent. Browsers heed it over https alone. */
export function strictTransport(setting: HstsSetting, isSecure: boolean): string | null {
  if (setting === 'off' || !isSecure) return null
  return setting === 'host' ? `max-age=${YEAR}` : `max-age=${YEAR}; includeSubDomains`
}

/** Adds to an answer what every answer has. The only place that does, so that no kind of answer lacks it. */
export function complete({ headers }: Response, strictTransport: string | null): void {
  for (const [name, value] of everywhere) if (!headers.has(name)) headers.set(name, value)
  if (strictTransport !== null) headers.set('Strict-Transport-Security', strictTransport)
}
