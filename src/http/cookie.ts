import { DEVICE_LIFETIME } from '../login/devices.ts'
import { looksLikeToken, type Token } from '../session/token.ts'

/** How many cookies of our name are tried: more than a browser sends by itself, one per domain and path. */
const MAX_TOKENS = 8

/**
 * How many device cookies are read: one of this host and one of its domain, with room for two of other paths.
 */
const MAX_DEVICES = 4

/** The cookie's name and scope. */
export interface CookieSettings {
  readonly name: string
  /** The domain that shares the cookie, or null: this host only. */
  readonly domain: string | null
  /** Whether browsers reach the server over https. */
  readonly isSecure: boolean
  /**
   * `auto`: the strongest prefix that fits, over https. `none`: the bare name, which old programs look for.
   */
  readonly prefix: 'auto' | 'none'
}

/** The cookie that carries the token. */
export type Cookie = ReturnType<typeof newCookie>

/**
 * Over https the name gets the strongest prefix that fits. The browser then guarantees that only this host
 * (`__Host-`), or only https (`__Secure-`), has set the cookie (RFC 6265bis, 4.1.3).
 */
export function newCookie({ name: plain, domain, isSecure, prefix }: CookieSettings) {
  const strongest = domain === null ? '__Host-' : '__Secure-'
  const name = isSecure && prefix === 'auto' ? strongest + plain : plain
  const variants = ['', '__Host-', '__Secure-'].map((each) => each + plain)
  const deviceName = `${name}-device`
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}${domain === null ? '' : `; Domain=${domain}`}`
  return {
    name,
    isSecure,
    /**
     * Returns a `Set-Cookie` value. The cookie does not expire by itself: the server decides when a session
     * ends.
     */
    set: (token: Token): string => `${name}=${token}; ${attributes}`,
    /**
     * A `Set-Cookie` value that makes a browser delete the cookie. Apache HttpClient 4 reads only `Expires`,
     * in this form only (tested with 4.5.14); browsers read both (RFC 6265, 5.1.1).
     */
    expired: `${name}=; ${attributes}; Max-Age=0; Expires=Thu, 01-Jan-1970 00:00:00 GMT`,
    /** Returns the names in a `Cookie` header that are ours, with any prefix. */
    namesIn: (header: string): readonly string[] =>
      variants.filter((each) => valuesIn(header, each).length > 0),
    /** Returns the tokens in a `Cookie` header, in order. Skips what cannot be a token. */
    tokensOf: (header: string | null): readonly Token[] => (header === null ? NONE : tokensIn(header, name)),
    /** Returns a `Set-Cookie` value for a device cookie, which outlives the session. */
    setDevice: (device: string): string =>
      `${deviceName}=${device}; ${attributes}; Max-Age=${DEVICE_LIFETIME / 1_000}`,
    /** Returns the device cookies in a `Cookie` header. */
    devicesOf: (header: string | null): readonly string[] =>
      header === null ? NONE : valuesIn(header, deviceName).slice(0, MAX_DEVICES),
  }
}

const NONE: readonly Token[] = []

function tokensIn(header: string, name: string): readonly Token[] {
  const tokens: Token[] = []
  for (const value of valuesIn(header, name)) {
    if (looksLikeToken(value) && !tokens.includes(value)) tokens.push(value)
    if (tokens.length === MAX_TOKENS) break
  }
  return tokens
}

/**
 * Returns the values of all cookies with a name. Skips the others in one pass: a stranger can send thousands.
 */
function valuesIn(header: string, name: string): string[] {
  const values: string[] = []
  for (let at = header.indexOf(name); at !== -1; at = header.indexOf(name, at + 1)) {
    let before = at - 1
    while (isBlank(header.charCodeAt(before))) before--
    let after = at + name.length
    while (isBlank(header.charCodeAt(after))) after++
    if ((before !== -1 && header[before] !== ';') || header[after] !== '=') continue
    const end = header.indexOf(';', after)
    values.push(header.slice(after + 1, end === -1 ? header.length : end).trim())
  }
  return values
}

const isBlank = (code: number) => code === 0x20 || code === 0x09
