import { isIP } from 'node:net'
import { formatAddress } from './address.ts'

/**
 * Top-level domains in which nobody can register a name: RFC 6761, RFC 6762 with its appendix G, RFC 8375 and
 * `.internal`.
 */
const PRIVATE_DOMAIN = /\.(?:localhost|test|local|internal|intranet|private|corp|home|lan|home\.arpa)$/

/** Tells whether an address is a loopback address, which no other machine can reach. */
export function isLoopbackAddress(text: string): boolean {
  const address = formatAddress(text)
  return address === '::1' || address?.startsWith('127.') === true
}

/** Tells whether a host name, as in a URL or setting, means the local machine in every network. */
export function isLoopbackName(name: string): boolean {
  const plain = bare(name)
  return plain === 'localhost' || plain.endsWith('.localhost') || isLoopbackAddress(plain)
}

/**
 * Tells whether a host is an address, or a name that nobody on the internet can own and point here (DNS
 * rebinding).
 */
export function isPrivateName(name: string): boolean {
  const plain = bare(name)
  return isIP(plain) !== 0 || !plain.includes('.') || PRIVATE_DOMAIN.test(plain)
}

/** Returns the host in a `Host` header, without its port and in lower case. Null if it is no host. */
export function hostNameFrom(header: string): string | null {
  const [, name] = /^(\[[\da-f:.]+\]|[\w.-]{1,253})(?::\d{0,5})?$/i.exec(header) ?? []
  return name === undefined ? null : bare(name)
}

/** Returns a host to listen on in the one form in which it is printed: `127.1` becomes `127.0.0.1`. */
export function formatHost(text: string): string {
  const plain = bare(text)
  // A zone says on which network of this machine an address is (RFC 4007).
  if (plain.includes('%')) return plain
  return formatAddress(plain) ?? URL.parse(`http://${plain}`)?.hostname ?? plain
}

/** Returns the URL of a host, in the form of `formatHost`, and a port. */
export const httpUrl = (host: string, port: number): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/** Removes the brackets of an IPv6 address and the final dot that means the root. */
const bare = (name: string) =>
  name
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
