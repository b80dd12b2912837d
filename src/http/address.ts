import { BlockList, isIP, isIPv6 } from 'node:net'
import { formatAddress } from '../address.ts'

/** The addresses and networks of proxies whose `X-Forwarded-For` is believed. */
export type TrustedProxies = BlockList

/** Each is an address, or a network such as `10.0.0.0/8`. Throws a `TypeError` that names the one that is neither. */
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

/** A network of IPv4 that is written as IPv6, such as `::ffff:10.0.0.0/104`, has 96 bits more than it has as IPv4. */
const bitsOf = (plain: string, written: string, bits: number) =>
  isIPv6(written) && !isIPv6(plain) ? Math.max(0, bits - 96) : bits

/** Where a request came from. */
export interface ClientAddress {
  /** In the spelling of `formatAddress`. */
  readonly address: string
  /** An entry of `X-Forwarded-For` that a trusted proxy sent and that is no address; null: there is none. */
  readonly unreadable: string | null
}

/**
 * The client's address: that of the connection, or, behind trusted proxies, the last one in `X-Forwarded-For` that is
 * not theirs. Anybody could have written what stands before it. An entry that is no address ends the search.
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

/** Whether this is the address of a trusted proxy, in the spelling of `formatAddress`. */
export const isTrusted = (address: string, trusted: TrustedProxies): boolean =>
  trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')

/** An entry of `X-Forwarded-For`: an address, in quotes or not, with a port or without: `192.0.2.1:80`, `[2001:db8::1]:80`. */
function hopAddress(hop: string): string | null {
  const text = hop.length > 1 && hop.startsWith('"') && hop.endsWith('"') ? hop.slice(1, -1).trim() : hop
  const [, inBrackets] = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text) ?? []
  if (inBrackets !== undefined) return inBrackets.includes(':') ? formatAddress(inBrackets) : null
  const [, withPort] = /^([\d.]+):\d{1,5}$/.exec(text) ?? []
  return formatAddress(withPort ?? text)
}
