import { DEVICE_LIFETIME } from '../login/devices.ts'
import { looksLikeToken, type Token } from '../session/token.ts'

/** Cookies of our name that are tried: more than a browser sends of its own, which has one for each domain and path. */
const MOST_TOKENS = 8

/** Device cookies that are looked at: one of this host and one of its domain, with room for two of other paths. */
const MOST_DEVICES = 4

/** How the cookie is called and where it goes. */
export interface CookieSettings {
  readonly name: string
  /** The domain that it is shared with, or null: this host alone. */
  readonly domain: string | null
  /** Whether browsers reach the server over https. */
  readonly isSecure: boolean
  /** `auto`: the strongest prefix that fits, over https. `none`: the bare name, which old programs look for. */
  readonly prefix: 'auto' | 'none'
}

/** The cookie that carries the token. */
export type Cookie = ReturnType<typeof newCookie>

/**
 * Over https the name gets the strongest prefix that fits: the browser then guarantees that nobody but this host (`__Host-`), or
 * nobody without https (`__Secure-`), has set it (RFC 6265bis, 4.1.3).
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
    /** The value of a `Set-Cookie`. The cookie has no expiry of its own: the server decides when a session ends. */
    set: (token: Token): string => `${name}=${token}; ${attributes}`,
    /**
     * The value of a `Set-Cookie` that makes a browser forget it. Apache HttpClient 4 goes by `Expires` alone, and reads no other form of
     * it (tried with 4.5.14); browsers read both (RFC 6265, 5.1.1).
     */
    expired: `${name}=; ${attributes}; Max-Age=0; Expires=Thu, 01-Jan-1970 00:00:00 GMT`,
    /** The names in a `Cookie` header that are ours, with whichever prefix. */
    namesIn: (header: string): readonly string[] =>
      variants.filter((each) => valuesIn(header, each).length > 0),
    /** The tokens in a `Cookie` header, in its order; whatever cannot be one is passed over. */
    tokensOf: (header: string | null): readonly Token[] => (header === null ? NONE : tokensIn(header, name)),
    /** The value of a `Set-Cookie` for a device cookie, which outlives the session. */
    setDevice: (device: string): string =>
      `${deviceName}=${device}; ${attributes}; Max-Age=${DEVICE_LIFETIME / 1_000}`,
    /** The device cookies in a `Cookie` header. */
    devicesOf: (header: string | null): readonly string[] =>
      header === null ? NONE : valuesIn(header, deviceName).slice(0, MOST_DEVICES),
  }
}

const NONE: readonly Token[] = []

function tokensIn(header: string, name: string): readonly Token[] {
  const tokens: Token[] = []
  for (const value of valuesIn(header, name)) {
    if (looksLikeToken(value) && !tokens.includes(value)) tokens.push(value)
    if (tokens.length === MOST_TOKENS) break
  }
  return tokens
}

/** The values of all cookies of a name. Other cookies are passed over in one go: a stranger can send thousands. */
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
