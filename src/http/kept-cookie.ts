import { COOKIE_EXPECTED } from '../console/pages/login.tsx'
import { Refusal } from '../errors.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { lastOf, type Pair } from './form.ts'
import { isBrowser } from './origin.ts'

/** What was typed into the login page, besides the password. */
export interface TypedForm {
  readonly uname: string
  readonly returnTo: string | null
}

/** A login whose cookie did not come back. */
interface LostCookie {
  readonly refusal: Refusal
  readonly form: TypedForm
}

/**
 * Finds a login from our own page whose cookie did not come back; null if it is none. Without this check the
 * browser would log in and see the login page again, since it would not keep the session's cookie either.
 *
 * A device cookie proves that cookies are kept, and a form of another page expects none.
 */
export async function findLostCookie(ask: Ask, app: App): Promise<LostCookie | null> {
  if (ask.tokens.length > 0 || ask.devices.length > 0 || !isBrowser(ask.headers)) return null
  // The login itself reports what is wrong with the body.
  const pairs = await ask.bodyParams('fields', async () => {}).catch((): Pair[] => [])
  if (lastOf(pairs, COOKIE_EXPECTED) === null) return null
  const uname = lastOf(pairs, 'z_username')?.slice(0, 256) ?? ''
  return {
    refusal: new Refusal('cookie_not_kept', sentence(ask, app)),
    form: { uname, returnTo: lastOf(pairs, 'return_to') },
  }
}

function sentence({ headers }: Ask, { origin: { own } }: App): string {
  const seen = originSeen(headers)
  if (own === null || own === seen)
    return `Your browser did not keep the cookie of this page. Are cookies allowed for ${seen ?? 'this server'}? Then log in again.`
  const here = seen === null ? '' : ` You are at ${seen}.`
  return `Your browser did not keep the cookie of this page. Is this page opened by ${own}?${here} Are cookies allowed? Then log in again.`
}

/** Returns the page's origin as the browser states it, or else as `Host` suggests. */
function originSeen(headers: Headers): string | null {
  for (const name of ['origin', 'referer']) {
    const url = URL.parse(headers.get(name) ?? '')
    if (url !== null && /^https?:$/.test(url.protocol)) return url.origin
  }
  return headers.get('host')
}
