import { Refusal } from '../errors.ts'
import { CSRF_TOKEN } from '../session/limits.ts'
import { cleaned } from '../shown.ts'
import type { LiveSession } from '../store/store.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { lastOf, type Pair } from './form.ts'

/** The headers that carry the CSRF token, as they are usually written. */
const CSRF_HEADERS = [CSRF_TOKEN, 'X-CSRF-Token']

/**
 * Explains the refusal of a cross-site request: what the browser sent, what would be accepted, and how to fix
 * it.
 */
export function crossSite({ headers }: Ask, { origin: { own } }: App): Refusal {
  const expected = own ?? `http://${cleaned(headers.get('host') ?? '')}`
  const sender = senderIn(headers)
  const remedy =
    sender.origin === null
      ? 'Send it from a page of that origin.'
      : `Send it from a page of that origin. If ${sender.origin} is what browsers call this server, ` +
        `set public-url = "${sender.origin}", or have the proxy in front pass Host as it came.`
  return new Refusal(
    'cross_site',
    `The browser says that another site sent this request (${sender.shown}), and this server is ${expected}. Nothing happened. ${remedy}`,
  )
}

/**
 * Returns the header that names the sender, as messages show it, and the origin in it. Shows only the origin
 * of a `Referer`.
 */
function senderIn(headers: Headers): { readonly shown: string; readonly origin: string | null } {
  const site = headers.get('sec-fetch-site')
  const marks = site === null ? [] : [`Sec-Fetch-Site: ${cleaned(site)}`]
  const origin = headers.get('origin')
  if (origin !== null)
    return { shown: [`Origin: ${cleaned(origin)}`, ...marks].join(', '), origin: webOrigin(origin) }
  const referer = webOrigin(headers.get('referer') ?? '')
  if (site === null && referer !== null) return { shown: `Referer: ${referer}/…`, origin: referer }
  return { shown: marks.join(), origin: null }
}

/** Returns the origin of an http or https URL, short enough to show. */
function webOrigin(url: string): string | null {
  const { protocol, origin } = URL.parse(url) ?? {}
  const isWeb = protocol === 'https:' || protocol === 'http:'
  return isWeb && origin !== undefined && cleaned(origin) === origin ? origin : null
}

/**
 * Explains a missing or wrong CSRF token on a protected session: whether one came, where it belongs, and who
 * needs none.
 */
export function csrfFailed(ask: Ask, pairs: readonly Pair[], session: LiveSession): Refusal {
  const headers = CSRF_HEADERS.filter((name) => (ask.headers.get(name) ?? '') !== '')
  const isInParameter = (lastOf(pairs, CSRF_TOKEN) ?? '') !== ''
  const places = [
    ...headers.map((name) => `the header ${name}`),
    ...(isInParameter ? [`the parameter ${CSRF_TOKEN}`] : []),
  ]
  const seen =
    places.length === 0
      ? 'No CSRF token came with the request.'
      : `The CSRF token in ${places.join(' and ')} is not the one of this session.`
  return new Refusal(
    'csrf_failed',
    `${seen} Nothing happened. Send it in a header ${CSRF_HEADERS.join(' or ')}, or in a parameter ${CSRF_TOKEN}: ` +
      `GET session/get?key=${CSRF_TOKEN} tells it. A program that logs in with z_csrf_protection=off needs none.`,
    null,
    session,
  )
}
