import { formatAddress } from '../address.ts'
import { Refusal } from '../errors.ts'
import { isLoopbackAddress } from '../host-names.ts'
import { clientAddress, isTrusted, newTrustedProxies, type TrustedProxies } from './address.ts'
import { isOwnPage } from './origin.ts'

/** Longest part of a request that a warning repeats, in characters. */
const MAX_SHOWN_LENGTH = 100

/**
 * Addresses and ports without brackets and quotes, as nearly all proxies send them: these need no closer
 * look.
 */
const PLAIN_ADDRESSES = /^[\da-f.:, ]*$/i

/** Fields of a log line about a proxy that the settings do not expect. */
interface ProxyTrouble {
  readonly event: string
  /** The peer that sent the request. */
  readonly address: string
}

interface ProxySettings {
  /** Addresses and networks whose `X-Forwarded-For` is trusted. */
  readonly trusted: readonly string[]
  /** Whether other machines may not connect except these proxies. */
  readonly isAlone: boolean
  /** The origin that browsers use, or null if the settings do not say. */
  readonly publicOrigin: string | null
  /** Logs a warning. Called at most once per event. */
  warn(trouble: ProxyTrouble, sentence: string): void
}

/** What a request shows about a proxy on its way. */
interface ProxiedRequest {
  readonly method: string
  readonly headers: Headers
  readonly peer: string
}

/**
 * Knows the trusted proxies, and warns once if requests come through a proxy that the settings do not expect.
 */
export class Proxies {
  readonly #settings: ProxySettings
  readonly #trusted: TrustedProxies
  readonly #isHttp: boolean
  readonly #warned = new Set<string>()
  /** The trusted peer of the last request: most requests come from one proxy. */
  #knownPeer: string | null = null

  constructor(settings: ProxySettings) {
    this.#settings = settings
    this.#trusted = newTrustedProxies(settings.trusted)
    this.#isHttp = settings.publicOrigin?.startsWith('https:') !== true
  }

  /** Returns the client's address for a request. */
  addressOf(peer: string, forwardedFor: string | null): string {
    const { address, unreadable } = clientAddress(peer, forwardedFor, this.#trusted)
    if (unreadable !== null) {
      this.#warn({ event: 'unreadable_forwarded_for', address }, () => {
        const shown = JSON.stringify(unreadable.slice(0, MAX_SHOWN_LENGTH).toWellFormed())
        return (
          `The proxy ${address} sends ${shown} in X-Forwarded-For, which is no address, so its clients count as one address. ` +
          'Have it send the address of the client alone; in nginx: proxy_set_header X-Forwarded-For $remote_addr;'
        )
      })
    }
    return address
  }

  /** Throws for a connection from another machine that is not a trusted proxy, if only these may connect. */
  requireTrusted(request: Pick<ProxiedRequest, 'peer'>): void {
    if (!this.#settings.isAlone) return
    const from = request.peer
    if (from === this.#knownPeer || isLoopbackAddress(from)) return
    const address = formatAddress(from) ?? from
    if (isTrusted(address, this.#trusted)) {
      this.#knownPeer = from
      return
    }
    throw new Refusal(
      'untrusted_peer',
      `Only trusted proxies may connect to this server, and ${address} is none. Use the server's https URL. If ${address} is its proxy, ` +
        'add it to trusted-proxies.',
    )
  }

  /** Tells whether a peer is a trusted proxy. */
  isProxy(peer: string): boolean {
    return isTrusted(formatAddress(peer) ?? peer, this.#trusted)
  }

  /** Looks for signs of an unexpected proxy. Costs two header lookups if there is none. */
  look(request: ProxiedRequest): void {
    const { headers } = request
    const forwardedFor = headers.get('x-forwarded-for')
    const isOverHttps = this.#isHttp && saysHttps(request)
    if (!isOverHttps && forwardedFor === null && !isForwardedHttps(headers)) return
    const { peer } = request
    if (peer !== this.#knownPeer) {
      const address = formatAddress(peer) ?? peer
      if (isTrusted(address, this.#trusted)) this.#knownPeer = peer
      else if (forwardedFor !== null || isForwardedHttps(headers)) this.#warnOfPeer(address)
    }
    // Most requests need no address, so nothing else reads the entry.
    if (forwardedFor !== null && !PLAIN_ADDRESSES.test(forwardedFor)) this.addressOf(peer, forwardedFor)
    if (isOverHttps) this.#warnOfHttp(request)
  }

  #warnOfPeer(address: string): void {
    this.#warn({ event: 'untrusted_proxy', address }, () => {
      const line = `trusted-proxies = ${JSON.stringify([...this.#settings.trusted, address]).replaceAll(',', ', ')}`
      return (
        `A request from ${address} says that it was forwarded, but ${address} is not in trusted-proxies: all users behind it ` +
        `count as one address, and a stranger's wrong passwords can shut them all out. If it is your proxy, set: ${line}`
      )
    })
  }

  #warnOfHttp({ headers, peer }: ProxiedRequest): void {
    const address = formatAddress(peer) ?? peer
    this.#warn({ event: 'public_url_http', address }, () => {
      const line = `public-url = "${httpsOriginOf(headers)}"`
      return (
        `A request from ${address} was sent over https, but public-url is ${this.#settings.publicOrigin ?? 'not set'}: the cookie is not ` +
        `Secure. Set the URL that browsers use, for example: ${line}`
      )
    })
  }

  #warn(trouble: ProxyTrouble, sentence: () => string): void {
    if (this.#warned.has(trouble.event)) return
    this.#warned.add(trouble.event)
    this.#settings.warn(trouble, sentence())
  }
}

const isForwardedHttps = (headers: Headers): boolean =>
  /^\s*https\b/i.test(headers.get('x-forwarded-proto') ?? '')

/** A browser names its origin with every POST, which reveals even a proxy that adds no header. */
function saysHttps({ method, headers }: ProxiedRequest): boolean {
  if (isForwardedHttps(headers)) return true
  if (method !== 'POST') return false
  const origin = headers.get('origin')
  return (
    origin?.startsWith('https://') === true &&
    (isOwnPage(headers) || origin === `https://${headers.get('host')}`)
  )
}

/** Returns the origin that the browser used, as far as the request shows it. */
function httpsOriginOf(headers: Headers): string {
  const origin = headers.get('origin')
  if (origin?.startsWith('https://') && URL.canParse(origin) && isOwnPage(headers))
    return new URL(origin).origin
  const host = headers.get('x-forwarded-host') ?? headers.get('host') ?? ''
  const isHost = /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i.test(host)
  return (isHost ? URL.parse(`https://${host}`)?.origin : null) ?? 'https://login.example.com'
}
