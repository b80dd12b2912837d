import { BlockList, isIP, isIPv6 } from 'node:net'

/** The addresses and networks of proxies whose `X-Forwarded-For` is believed. */
export type TrustedProxies = BlockList

/** Each is an address, or a network such as `10.0.0.0/8`. Throws a `TypeError` that names the one that is neither. */
export function newTrustedProxies(networks: readonly string[]): TrustedProxies {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    if (isIP(address) === 0)
      throw new TypeError(`«${network}» is neither an address nor a network such as 10.0.0.0/8`)
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}

/**
 * The client's address: that of the connection, or, behind trusted proxies, the last one in `X-Forwarded-For` that none of them has.
 * Whatever stands before that one anybody could have written.
 */
export function addressOf(peer: string, forwardedFor: string | null, trusted: TrustedProxies): string {
  let address = plain(peer)
  const hops = forwardedFor === null ? [] : forwardedFor.split(',')
  while (hops.length > 0 && isTrusted(address, trusted)) {
    const hop = plain(hops.pop()?.trim() ?? '')
    if (isIP(hop) === 0) break
    address = hop
  }
  return address
}

const isTrusted = (address: string, trusted: TrustedProxies) =>
  trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')

/** An IPv4 address that came in over an IPv6 socket is an IPv4 address. */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
