import { expect, test } from 'bun:test'
import { BlockList, isIP, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { formatAddress, networkOf } from '../src/address.ts'

for (const [text, address] of [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['::ffff:cb00:7107', '203.0.113.7'],
  ['0:0:0:0:0:ffff:cb00:7107', '203.0.113.7'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:192.0.2.7%eth0', '192.0.2.7'],
  ['64:ff9b::192.0.2.7', '64:ff9b::c000:207'],
  ['::192.0.2.7', '::c000:207'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::', '::'],
  ['::1', '::1'],
  ['', null],
  ['localhost', null],
  ['192.0.2', null],
  ['192.0.2.07', null],
  ['192.0.2.7:80', null],
  ['[::1]', null],
  [' ::1', null],
  ['1::2::3', null],
] as const) {
  test(`${JSON.stringify(text)} is written ${address ?? 'nowhere: it is no address'}`, () => {
    expect(formatAddress(text)).toBe(address)
  })
}

const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
const groups = fc.array(group, { minLength: 8, maxLength: 8 })

/** The groups in one of the ways in which they can be written. */
const written = fc.record({
  groups,
  digits: fc.integer({ min: 1, max: 4 }),
  isUpper: fc.boolean(),
  /** The run that becomes `::`, if it is of zeros. */
  run: fc.tuple(fc.nat(7), fc.integer({ min: 1, max: 8 })),
  isDotted: fc.boolean(),
  zone: fc.constantFrom('', '%eth0', '%1'),
})

function textOf({
  groups,
  digits,
  isUpper,
  run,
  isDotted,
  zone,
}: typeof written extends fc.Arbitrary<infer T> ? T : never) {
  const hex = groups.map((each) => each.toString(16).padStart(digits, '0'))
  const [start, length] = run
  const end = Math.min(start + length, 8)
  const isRun = groups.slice(start, end).every((each) => each === 0)
  const head = hex.slice(0, isRun ? start : 8)
  const tail = isRun ? hex.slice(end) : []
  const last = isRun ? tail : head
  if (isDotted && last.length >= 2) {
    const [high = 0, low = 0] = groups.slice(6)
    last.splice(-2, 2, `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`)
  }
  const text = isRun ? `${head.join(':')}::${tail.join(':')}` : head.join(':')
  return (isUpper ? text.toUpperCase() : text) + zone
}

test('however an address of IPv6 is written, it has one spelling, the one that URLs have', () => {
  fc.assert(
    fc.property(written, (each) => {
      const text = textOf(each)
      expect(isIPv6(text)).toBe(true)
      // Without dots: the URL parser here refuses some addresses that end with them, such as ::0:0:0:0:0.0.0.0.
      const [withoutZone = ''] = textOf({ ...each, isDotted: false }).split('%')
      const inUrl = new URL(`http://[${withoutZone}]`).hostname.slice(1, -1)
      const isMapped = each.groups.slice(0, 5).every((g) => g === 0) && each.groups[5] === 0xffff
      if (!isMapped) expect(formatAddress(text)).toBe(inUrl)
      expect(formatAddress(formatAddress(text) ?? '')).toBe(formatAddress(text))
    }),
  )
})

test('an address of IPv4 that is mapped into IPv6, in whatever spelling, is that address', () => {
  fc.assert(
    fc.property(fc.ipV4(), written, (ipv4, spelling) => {
      const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number)
      const mapped = [0, 0, 0, 0, 0, 0xffff, a * 256 + b, c * 256 + d]
      expect(formatAddress(textOf({ ...spelling, groups: mapped }))).toBe(ipv4)
    }),
  )
})

test('exactly what Node takes for an address has a spelling', () => {
  const pieces = fc.constantFrom(
    '0',
    '1',
    'f',
    'ffff',
    '12345',
    '.',
    ':',
    '::',
    '%',
    '[',
    ']',
    ' ',
    '255',
    '256',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(pieces).map((some) => some.join('')),
        fc.ipV4(),
        fc.ipV6(),
      ),
      (text) => {
        expect(formatAddress(text) !== null).toBe(isIP(text) !== 0)
      },
    ),
    { numRuns: 1_000 },
  )
})

for (const [address, bits, network] of [
  ['192.0.2.7', { ipv4: 32, ipv6: 64 }, '192.0.2.7'],
  ['192.0.2.7', { ipv4: 24, ipv6: 64 }, '192.0.2.0/24'],
  ['192.0.255.7', { ipv4: 20, ipv6: 64 }, '192.0.240.0/20'],
  ['2001:db8:1:2:3:4:5:6', { ipv4: 32, ipv6: 64 }, '2001:db8:1:2::/64'],
  ['2001:db8:1:2ff:3:4:5:6', { ipv4: 32, ipv6: 56 }, '2001:db8:1:200::/56'],
  ['2001:db8:1:2:3:4:5:6', { ipv4: 32, ipv6: 48 }, '2001:db8:1::/48'],
  ['2001:db8:1::1', { ipv4: 32, ipv6: 128 }, '2001:db8:1::1'],
  ['::1', { ipv4: 32, ipv6: 64 }, '::/64'],
  ['', { ipv4: 32, ipv6: 64 }, ''],
  ['no:address', { ipv4: 32, ipv6: 64 }, 'no:address'],
] as const) {
  test(`the network of ${address || 'no address'} is ${network || 'none'} with ${JSON.stringify(bits)}`, () => {
    expect(networkOf(address, bits)).toBe(network)
  })
}

test('two addresses are in one network exactly if they share its bits', () => {
  fc.assert(
    fc.property(groups, groups, fc.constantFrom(48, 56, 64), (one, other, ipv6) => {
      const [a = '', b = ''] = [
        one,
        other
          .with(0, one[0] ?? 0)
          .with(1, one[1] ?? 0)
          .with(2, one[2] ?? 0),
      ].map((each) => each.map((g) => g.toString(16)).join(':'))
      const list = new BlockList()
      list.addSubnet(a, ipv6, 'ipv6')
      expect(networkOf(a, { ipv4: 32, ipv6 }) === networkOf(b, { ipv4: 32, ipv6 })).toBe(
        list.check(b, 'ipv6'),
      )
    }),
  )
})
