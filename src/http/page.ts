import { createHash } from 'node:crypto'
import type { Drawn } from '../console/document.tsx'
import { STYLE } from '../console/style.ts'
import type { App } from './app.ts'

const styleHash = createHash('sha256').update(STYLE).digest('base64')

/** What browsers heed over https alone. */
const HTTPS_HEADERS = { 'Cross-Origin-Opener-Policy': 'same-origin' }

/** What the policy allows a page that has our script. */
const OWN_SCRIPT = "script-src 'self'; connect-src 'self'; "

/**
 * A page. It runs our own script if it has it, loads nothing else, asks nobody but this server, cannot be framed and is kept by nobody. A form may lead to where a login may lead, since a
 * browser holds redirects after a form to the same rule.
 */
export function pageResponse(
  { html, hasScript }: Drawn,
  app: App,
  status = 200,
  more: Readonly<Record<string, string>> = {},
): Response {
  const leadsTo = app.returnHosts
    .map((host) => (app.cookie.isSecure ? ` https://${host}` : ` https://${host} http://${host}`))
    .join('')
  return new Response(html, {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Content-Security-Policy':
        `default-src 'none'; ${hasScript ? OWN_SCRIPT : ''}img-src data:; style-src 'sha256-${styleHash}'; ` +
        `form-action 'self'${leadsTo}; frame-ancestors 'none'; base-uri 'none'; ` +
        "require-trusted-types-for 'script'; trusted-types 'none'",
      // Not `no-referrer`: a browser would send `Origin: null` with our own forms, as if they were a stranger's.
      'Referrer-Policy': 'same-origin',
      'X-Frame-Options': 'DENY',
      ...(app.cookie.isSecure ? HTTPS_HEADERS : {}),
      ...more,
    },
  })
}

/** A redirect to a path of this server or a URL that has been checked. */
export const redirect = (
  location: string,
  more: Readonly<Record<string, string>> = {},
  status: 302 | 303 = 302,
): Response =>
  new Response(null, { status, headers: { Location: location, 'Cache-Control': 'no-store', ...more } })
