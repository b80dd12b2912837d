import { isIPv4, isIPv6 } from 'node:net'

/** The first six groups of an IPv4 address that is written as IPv6 (RFC 4291, 2.5.5.2). */
const MAPPED_BITS = [0, 0, 0, 0, 0, 0xffff]

/**
 * Returns the canonical spelling of an address: RFC 5952 for IPv6, without a zone, and dotted IPv4, also for
 * IPv4 mapped into IPv6. Returns null for anything else.
 */
export function formatAddress(text: string): string | null {
  if (!text.includes(':')) return isIPv4(text) ? text : null
  const groups = groupsFrom(text)
  if (groups === null) return null
  return isMapped(groups) ? dotted(groups[6] as number, groups[7] as number) : compressed(groups)
}

/**
 * Returns the canonical spelling of an address that a person typed. Text that is no address stays as it is,
 * and matches nothing.
 */
export const typedAddress = (text: string): string => formatAddress(text.trim()) ?? text

/**
 * Returns the network of an address, which has `ipv4` or `ipv6` leading bits, such as `2001:db8::/48`; a
 * whole address has no `/`. The address is spelled as by `formatAddress`. Any other text is a network of its
 * own.
 */
export function networkOf(address: string, bits: { readonly ipv4: number; readonly ipv6: number }): string {
  if (address.includes(':')) {
    const groups = groupsFrom(address)
    if (groups === null) return address
    return suffixed(compressed(masked(groups, 16, bits.ipv6)), bits.ipv6, 128)
  }
  if (!isIPv4(address)) return address
  return suffixed(masked(address.split('.').map(Number), 8, bits.ipv4).join('.'), bits.ipv4, 32)
}

const suffixed = (network: string, bits: number, all: number) =>
  bits === all ? network : `${network}/${bits}`

/** Returns the parts of an address, `width` bits each, with everything after the first `bits` set to 0. */
const masked = (parts: readonly number[], width: number, bits: number) =>
  parts.map((part, at) => {
    const kept = Math.min(width, Math.max(0, bits - at * width))
    return part & ~((1 << (width - kept)) - 1)
  })

/**
 * Returns the eight groups of an IPv6 address, or null. Drops a zone (RFC 4007), which means something on one
 * machine only.
 */
function groupsFrom(text: string): readonly number[] | null {
  const zone = text.indexOf('%')
  const address = zone === -1 ? text : text.slice(0, zone)
  // Checks the whole text too, since a zone has at least one character.
  if (!isIPv6(address) || !isIPv6(text)) return null
  const [head = '', tail] = address.split('::')
  const before = partsOf(head)
  const after = tail === undefined ? [] : partsOf(tail)
  return [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after]
}

function partsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)]
    const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number)
    return [a * 256 + b, c * 256 + d]
  })
}

const isMapped = (groups: readonly number[]) => MAPPED_BITS.every((group, at) => groups[at] === group)

const dotted = (high: number, low: number) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`

/** Replaces the longest run of two or more zero groups, the first of several, by `::` (RFC 5952, 4.2). */
function compressed(groups: readonly number[]): string {
  let [start, length] = [-1, 1]
  for (let at = 0; at < 8; at++) {
    let end = at
    while (end < 8 && groups[end] === 0) end++
    if (end - at > length) [start, length] = [at, end - at]
  }
  const hex = groups.map((group) => group.toString(16))
  if (start === -1) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}
