import { looksLikeToken, type Token } from '../session/token.ts'

/** Cookies of our name that are tried: more than a browser sends of its own, which has one for each domain and path. */
const MOST_TOKENS = 8

/** How the cookie is called and where it goes. */
export interface CookieSettings {
  readonly name: string
  /** The domain that it is shared with, or null: this host alone. */
  readonly domain: string | null
  /** Whether browsers reach the server over https. */
  readonly isSecure: boolean
}

/** The cookie that carries the token. */
export type Cookie = ReturnType<typeof newCookie>

/**
 * Over https the name gets the strongest prefix that fits: the browser then guarantees that nobody but this host (`__Host-`), or
 * nobody without https (`__Secure-`), has set it (RFC 6265bis, 4.1.3).
 */
export function newCookie({ name: plain, domain, isSecure }: CookieSettings) {
  const prefix = !isSecure ? '' : domain === null ? '__Host-' : '__Secure-'
  const name = prefix + plain
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}${domain === null ? '' : `; Domain=${domain}`}`
  return {
    name,
    isSecure,
    /** The value of a `Set-Cookie`. The cookie has no expiry of its own: the server decides when a session ends. */
    set: (token: Token): string => `${name}=${token}; ${attributes}`,
    /** The value of a `Set-Cookie` that makes a browser forget it. */
    expired: `${name}=; ${attributes}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT`,
    /** The tokens in a `Cookie` header, in its order; whatever cannot be one is passed over. */
    tokensOf: (header: string | null): readonly Token[] => (header === null ? NONE : tokensIn(header, name)),
  }
}

const NONE: readonly Token[] = []

function tokensIn(header: string, name: string): readonly Token[] {
  const tokens: Token[] = []
  for (const part of header.split(';')) {
    const at = part.indexOf('=')
    if (at === -1 || part.slice(0, at).trim() !== name) continue
    const value = part.slice(at + 1).trim()
    if (looksLikeToken(value) && !tokens.includes(value)) tokens.push(value)
    if (tokens.length === MOST_TOKENS) break
  }
  return tokens
}
