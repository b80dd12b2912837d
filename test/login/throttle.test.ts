import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { Refusal } from '../../src/errors.ts'
import { type Allowance, networkOf, Throttle } from '../../src/login/throttle.ts'
import { openMemoryStore } from '../../src/store/memory.ts'

for (const [address, network] of [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:db8:1::2:3:4', '2001:db8:1:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['::', '0:0:0:0::/64'],
  ['fe80::', 'fe80:0:0:0::/64'],
  ['1:2:3:4:5:6:7::', '1:2:3:4::/64'],
  ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
  ['', ''],
] as const) {
  test(`${address || 'no address'} counts as ${network || 'no network'}`, () => {
    expect(networkOf(address)).toBe(network)
  })
}

const group = fc.integer({ min: 0, max: 0xffff })

test('two addresses of IPv6 count together exactly if they share their first 64 bits, however they are written', () => {
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), group, fc.nat(7), (groups, other, at) => {
      const changed = groups.with(at, other)
      const long = groups.map((each) => each.toString(16).padStart(4, '0').toUpperCase()).join(':')
      const short = new URL(`http://[${changed.map((each) => each.toString(16)).join(':')}]`).hostname.slice(
        1,
        -1,
      )
      const isSame = at >= 4 || groups[at] === other
      expect(networkOf(long) === networkOf(short)).toBe(isSame)
    }),
  )
})

let now = Date.UTC(2030, 0, 1)
const newThrottle = (ofUser: Allowance, ofAddress: Allowance, store = openMemoryStore()) =>
  new Throttle(store, () => now, ofUser, ofAddress)

const few = { attempts: 3, window: 60_000 }
const many = { attempts: 1_000, window: 60_000 }

/** What came of attempts in a row, each with a wrong password. */
async function wrong(throttle: Throttle, attempts: readonly (readonly [string, string])[]) {
  const outcomes: string[] = []
  for (const [uname, address] of attempts) {
    const outcome = throttle.attempt<string>(uname, address, () =>
      Promise.reject(new Refusal('wrong_credentials', 'The password is wrong.')),
    )
    outcomes.push(await outcome.catch((refusal: Refusal) => refusal.code))
  }
  return outcomes
}

const right = (throttle: Throttle, uname: string, address: string) =>
  throttle.attempt<string>(uname, address, async () => 'right').catch((refusal: Refusal) => refusal.code)

const times = (count: number, uname: string, address = '192.0.2.7') =>
  Array<[string, string]>(count).fill([uname, address])

test('beyond the allowance a password is not looked at, and the refusal says when the next attempt is worth while', async () => {
  const throttle = newThrottle(few, many)
  await wrong(throttle, times(3, 'alice'))
  let looked = 0
  const refusal = await throttle
    .attempt('alice', '192.0.2.7', async () => ++looked)
    .catch((error: Refusal) => error)
  expect(refusal).toMatchObject({ code: 'too_many_attempts' })
  const { retryAfter, message } = refusal as Refusal
  expect(retryAfter).toBe(60)
  expect(message).toContain(`${retryAfter} seconds`)
  expect(looked).toBe(0)
})

test('a stranger who guesses does not lock out the user elsewhere, nor other users at the same address', async () => {
  const throttle = newThrottle(few, many)
  await wrong(throttle, times(10, 'alice'))
  expect(await right(throttle, 'alice', '192.0.2.7')).toBe('too_many_attempts')
  expect(await right(throttle, 'alice', '192.0.2.8')).toBe('right')
  expect(await right(throttle, 'bob', '192.0.2.7')).toBe('right')
})

test('one address that tries many users is slowed, and so is the whole network of IPv6 that it can choose from', async () => {
  const throttle = newThrottle(many, few)
  expect(
    await wrong(throttle, [
      ['a', '2001:db8:1:2::1'],
      ['b', '2001:db8:1:2::2'],
      ['c', '2001:db8:1:2:3::'],
      ['d', '2001:db8:1:2:ffff::'],
      ['d', '2001:db8:1:3::'],
    ]),
  ).toEqual([
    'wrong_credentials',
    'wrong_credentials',
    'wrong_credentials',
    'too_many_attempts',
    'wrong_credentials',
  ])
})

test('what is refused for a user does not use up the allowance of the address, which others share', async () => {
  const throttle = newThrottle(few, { attempts: 5, window: 60_000 })
  await wrong(throttle, times(50, 'alice'))
  expect(await wrong(throttle, times(2, 'bob'))).toEqual(['wrong_credentials', 'wrong_credentials'])
  expect(await right(throttle, 'bob', '192.0.2.7')).toBe('too_many_attempts')
})

test('after a right password the count of the user begins anew, and right ones cost the address nothing', async () => {
  const throttle = newThrottle(few, { attempts: 10, window: 60_000 })
  await wrong(throttle, times(2, 'alice'))
  for (let i = 0; i < 20; i++) expect(await right(throttle, 'alice', '192.0.2.7')).toBe('right')
  expect(await wrong(throttle, times(4, 'alice'))).toEqual([
    'wrong_credentials',
    'wrong_credentials',
    'wrong_credentials',
    'too_many_attempts',
  ])
})

test('what failed for another reason than a wrong password is no attempt', async () => {
  const throttle = newThrottle(few, few)
  for (let i = 0; i < 10; i++) {
    const broken = throttle.attempt('alice', '192.0.2.7', () => Promise.reject(new Error('the disk is away')))
    await expect(broken).rejects.toThrow('the disk is away')
    const busy = throttle.attempt('alice', '192.0.2.7', () => Promise.reject(new Refusal('busy', 'Busy.')))
    await expect(busy).rejects.toMatchObject({ code: 'busy' })
  }
  expect(await right(throttle, 'alice', '192.0.2.7')).toBe('right')
})

test('many attempts at once are no way around the count', async () => {
  const throttle = newThrottle(few, many)
  const gate = Promise.withResolvers<void>()
  let looked = 0
  const all = Array.from({ length: 20 }, () =>
    throttle
      .attempt<string>('alice', '192.0.2.7', async () => {
        looked++
        await gate.promise
        throw new Refusal('wrong_credentials', 'The password is wrong.')
      })
      .catch((refusal: Refusal) => refusal.code),
  )
  gate.resolve()
  expect((await Promise.all(all)).filter((code) => code === 'too_many_attempts')).toHaveLength(17)
  expect(looked).toBe(3)
})

test('names and addresses are told apart, whatever characters a name holds', async () => {
  const throttle = newThrottle({ attempts: 1, window: 60_000 }, many)
  const pairs = [
    ['a 192.0.2.7', '192.0.2.8'],
    ['a', '192.0.2.7 192.0.2.8'],
    ['a', '192.0.2.8'],
  ] as const
  expect(await wrong(throttle, pairs)).toEqual(Array(3).fill('wrong_credentials'))
  expect(await wrong(throttle, pairs)).toEqual(Array(3).fill('too_many_attempts'))
})

test('when the window is over the count begins anew', async () => {
  const throttle = newThrottle(few, { attempts: 5, window: 120_000 })
  await wrong(throttle, times(3, 'alice'))
  now += 59_999
  expect(await right(throttle, 'alice', '192.0.2.7')).toBe('too_many_attempts')
  now += 1
  expect(await wrong(throttle, times(3, 'alice'))).toEqual([
    'wrong_credentials',
    'wrong_credentials',
    'too_many_attempts',
  ])
  now += 60_000
  expect(await right(throttle, 'alice', '192.0.2.7')).toBe('right')
})

test('what is counted on one node is counted on another', async () => {
  const store = openMemoryStore()
  const nodes = [newThrottle(few, many, store), newThrottle(few, many, store)] as const
  await wrong(nodes[0], times(2, 'alice'))
  await wrong(nodes[1], times(1, 'alice'))
  for (const node of nodes) expect(await right(node, 'alice', '192.0.2.7')).toBe('too_many_attempts')
})

test('the store learns no name and no address: people type their password where the name belongs', async () => {
  const store = openMemoryStore()
  const names: string[] = []
  const listening: typeof store = {
    ...store,
    addToCounter(name, ...rest) {
      names.push(name)
      return store.addToCounter(name, ...rest)
    },
  }
  await wrong(newThrottle(few, few, listening), [['hunter2', '192.0.2.7']])
  expect(names.length).toBeGreaterThan(3)
  for (const name of names) expect(name).toMatch(/^wrong [\w-]{43}$/)
})
