import { BlockList, isIP, isIPv6 } from 'node:net'
import { formatAddress } from '../address.ts'

/** The addresses and networks of proxies whose `X-Forwarded-For` is trusted. */
export type TrustedProxies = BlockList

/**
 * Builds the list from addresses and networks such as `10.0.0.0/8`. Throws a `TypeError` that names an
 * invalid one.
 */
export function newTrustedProxies(networks: readonly string[]): TrustedProxies {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    if (isIP(address) === 0)
      throw new TypeError(`"${network}" is neither an address nor a network such as 10.0.0.0/8`)
    const plain = formatAddress(address) ?? address
    const family = isIPv6(plain) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(plain, family)
    else list.addSubnet(plain, bitsOf(plain, address, Number(bits)), family)
  }
  return list
}

/** An IPv4 network written as IPv6, such as `::ffff:10.0.0.0/104`, has 96 bits more than as IPv4. */
const bitsOf = (plain: string, written: string, bits: number) =>
  isIPv6(written) && !isIPv6(plain) ? Math.max(0, bits - 96) : bits

/** Where a request came from. */
export interface ClientAddress {
  /** As `formatAddress` writes it. */
  readonly address: string
  /** An entry of `X-Forwarded-For` that a trusted proxy sent and that is no address; null: there is none. */
  readonly unreadable: string | null
}

/**
 * Returns the client's address: the connection's or, behind trusted proxies, the last one in
 * `X-Forwarded-For` that is not theirs. Clients can forge everything before it. The search ends at an entry
 * that is no address.
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | null,
  trusted: TrustedProxies,
): ClientAddress {
  let address = formatAddress(peer) ?? peer
  const hops = forwardedFor === null ? [] : forwardedFor.split(',')
  while (hops.length > 0 && isTrusted(address, trusted)) {
    const hop = hops.pop()?.trim() ?? ''
    if (hop === '') continue
    const forwarded = hopAddress(hop)
    if (forwarded === null) return { address, unreadable: hop }
    address = forwarded
  }
  return { address, unreadable: null }
}

/** Tells whether an address, as `formatAddress` writes it, is that of a trusted proxy. */
export const isTrusted = (address: string, trusted: TrustedProxies): boolean =>
  trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')

/**
 * Parses an entry of `X-Forwarded-For`: an address, quoted or not, with or without a port: `192.0.2.1:80`,
 * `[2001:db8::1]:80`.
 */
function hopAddress(hop: string): string | null {
  const text = hop.length > 1 && hop.startsWith('"') && hop.endsWith('"') ? hop.slice(1, -1).trim() : hop
  const [, inBrackets] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? []
  if (inBrackets !== undefined) return inBrackets.includes(':') ? formatAddress(inBrackets) : null
  const [, withPort] = /^([\d.]+):\d{1,5}$/.exec(text) ?? []
  return formatAddress(withPort ?? text)
}
