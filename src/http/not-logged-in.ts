import { Refusal } from '../errors.ts'
import { isPreLogin } from '../session/token.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'

/**
 * What a request without a live session lacks, judged by the request alone, so that no client learns which
 * tokens ever existed.
 */
export type Lack = 'no_cookie' | 'malformed_cookie' | 'pre_login_cookie' | 'session_ended'

/** Returns what a request without a live session lacks. */
export function lackIn({ tokens, headers }: Ask, { cookie }: App): Lack {
  if (tokens.length > 0) return tokens.every(isPreLogin) ? 'pre_login_cookie' : 'session_ended'
  const header = headers.get('cookie')
  return header !== null && cookie.namesIn(header).includes(cookie.name) ? 'malformed_cookie' : 'no_cookie'
}

/** Returns a refusal that says what is missing and what to do. */
export const notLoggedIn = (ask: Ask, app: App): Refusal =>
  new Refusal('not_logged_in', sentences[lackIn(ask, app)](ask, app))

const sentences: Record<Lack, (ask: Ask, app: App) => string> = {
  no_cookie: (ask, app) =>
    `Log in first: no cookie ${app.cookie.name} came with the request.${reasonFor(ask, app)}`,
  malformed_cookie: (_, { cookie }) =>
    `Log in first: the value of the cookie ${cookie.name} is no token. Send it as it came in Set-Cookie, whole and without quotes.`,
  pre_login_cookie: (_, { cookie }) =>
    `Log in first: the cookie ${cookie.name} is from before a login, and no live session has it. Send the one that the login answers with, or log in with z_csrf_protection=off, which lets a program keep it.`,
  session_ended: (_, { cookie }) => `Log in again: the session of the cookie ${cookie.name} has ended.`,
}

/** Returns why the cookie may not have come, if the request shows it. */
function reasonFor({ headers }: Ask, { cookie, origin }: App): string {
  const [other] = cookie.namesIn(headers.get('cookie') ?? '')
  if (other !== undefined) return ` A cookie ${other} did, but this server's is called ${cookie.name}.`
  if (!cookie.isSecure || origin.own === null || isAsPublished(headers, origin.own)) return ''
  return (
    ` It is Secure: browsers and programs send it over https to ${origin.own} alone, and this request came otherwise.` +
    ' Use that URL, or set the header Cookie yourself.'
  )
}

/**
 * Tells whether the request came over https to the public name, as its headers show. Trusts any proxy, since
 * only a sentence depends on it.
 */
function isAsPublished(headers: Headers, own: string): boolean {
  const host = headers.get('host')?.toLowerCase().replace(/:443$/, '')
  const proto = headers.get('x-forwarded-proto')?.toLowerCase() ?? 'https'
  return `https://${host}` === own && proto === 'https'
}
