import { createHash } from 'node:crypto'
import type { Drawn } from '../console/document.tsx'
import { STYLE } from '../console/style.ts'
import type { App } from './app.ts'

const styleHash = createHash('sha256').update(STYLE).digest('base64')

/** Headers that browsers obey over https only. */
const HTTPS_HEADERS = { 'Cross-Origin-Opener-Policy': 'same-origin' }

/** The policy's permissions for a page with our script. */
const OWN_SCRIPT = "script-src 'self'; connect-src 'self'; "

/**
 * Returns a page. It runs our own script if it has it, loads nothing else, connects only to this server,
 * cannot be framed and is not cached. A form may lead wherever a login may, since a browser applies the same
 * rule to redirects after a form.
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
      // Not `no-referrer`: a browser would then send `Origin: null` with our own forms, like those of a
      // stranger.
      'Referrer-Policy': 'same-origin',
      'X-Frame-Options': 'DENY',
      ...(app.cookie.isSecure ? HTTPS_HEADERS : {}),
      ...more,
    },
  })
}

/** Redirects to a path of this server or a checked URL. */
export const redirect = (
  location: string,
  more: Readonly<Record<string, string>> = {},
  status: 302 | 303 = 302,
): Response =>
  new Response(null, { status, headers: { Location: location, 'Cache-Control': 'no-store', ...more } })
