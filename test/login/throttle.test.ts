import { expect, test } from 'bun:test'
import { Refusal } from '../../src/errors.ts'
import { type Allowance, Throttle } from '../../src/login/throttle.ts'
import { openMemoryStore } from '../../src/store/memory.ts'

let now = Date.UTC(2030, 0, 1)
const newThrottle = (ofUser: Allowance, ofAddress: Allowance, store = openMemoryStore()) =>
  new Throttle(store, () => now, ofUser, ofAddress)

const ALICE = { uname: 'alice', address: '192.0.2.7', device: null }

const few = { attempts: 3, window: 60_000 }
const many = { attempts: 1_000, window: 60_000 }

/** Two digits of a group of an IPv6 address. */
const hex = (i: number) => i.toString(16).padStart(2, '0')

/** What came of attempts in a row, each with a wrong password. */
async function wrong(throttle: Throttle, attempts: readonly (readonly [string, string])[]) {
  const outcomes: string[] = []
  for (const [uname, address] of attempts) {
    const outcome = throttle.attempt<string>({ uname, address, device: null }, () =>
      Promise.reject(new Refusal('wrong_credentials', 'The password is wrong.')),
    )
    outcomes.push(await outcome.catch((refusal: Refusal) => refusal.code))
  }
  return outcomes
}

const right = (throttle: Throttle, uname: string, address: string) =>
  throttle
    .attempt<string>({ uname, address, device: null }, async () => 'right')
    .catch((refusal: Refusal) => refusal.code)

const times = (count: number, uname: string, address = '192.0.2.7') =>
  Array<[string, string]>(count).fill([uname, address])

test('beyond the allowance a password is not looked at, and the refusal says when the next attempt is worth while', async () => {
  const throttle = newThrottle(few, many)
  await wrong(throttle, times(3, 'alice'))
  let looked = 0
  const refusal = await throttle.attempt(ALICE, async () => ++looked).catch((error: Refusal) => error)
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
    const broken = throttle.attempt(ALICE, () => Promise.reject(new Error('the disk is away')))
    await expect(broken).rejects.toThrow('the disk is away')
    const busy = throttle.attempt(ALICE, () => Promise.reject(new Refusal('busy', 'Busy.')))
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
      .attempt<string>(ALICE, async () => {
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

/** Wrong passwords of as many users, each from another network: `attempts` in all. */
const spread = (attempts: number, addressOf: (i: number) => string, unameOf = (i: number) => `user ${i}`) =>
  Array.from({ length: attempts }, (_, i) => [unameOf(i), addressOf(i)] as const)

const untilRefused = (outcomes: readonly string[]) => outcomes.indexOf('too_many_attempts')

for (const [what, addressOf, limit] of [
  ['a /56 of IPv6 has four times the attempts of one address', (i) => `2001:db8:1:2${hex(i)}::1`, 12],
  ['a /48 of IPv6 has sixteen times the attempts of one address', (i) => `2001:db8:1:${hex(i)}00::1`, 48],
  ['a /24 of IPv4 has sixteen times the attempts of one address', (i) => `192.0.2.${i}`, 48],
] as const satisfies readonly (readonly [string, (i: number) => string, number])[]) {
  test(`${what}, whatever the names`, async () => {
    expect(untilRefused(await wrong(newThrottle(many, few), spread(60, addressOf)))).toBe(limit)
  })

  test(`${what}, for one name`, async () => {
    const throttle = newThrottle(few, { attempts: 1_000_000, window: 60_000 })
    const outcomes = await wrong(
      throttle,
      spread(60, addressOf, () => 'alice'),
    )
    expect(untilRefused(outcomes)).toBe(limit)
    expect(await right(throttle, 'alice', '2001:db8:2::1')).toBe('right')
    expect(await right(throttle, 'bob', addressOf(59))).toBe('right')
  })
}

test('many attempts at once from many networks are no way around the count of the network that has them all', async () => {
  const throttle = newThrottle(few, many)
  const all = await Promise.all(
    spread(
      100,
      (i) => `2001:db8:1:${hex(i)}00::1`,
      () => 'alice',
    ).map((each) => wrong(throttle, [each])),
  )
  expect(all.flat().filter((code) => code === 'wrong_credentials')).toHaveLength(48)
})

test('a flood from one network writes a bounded number of counters', async () => {
  const store = openMemoryStore()
  const names = new Set<string>()
  const listening: typeof store = {
    ...store,
    addToCounter(name, by, ...rest) {
      if (by > 0) names.add(name)
      return store.addToCounter(name, by, ...rest)
    },
  }
  const throttle = newThrottle(few, few, listening)
  await wrong(
    throttle,
    spread(60, (i) => `2001:db8:1:${hex(i)}00::1`),
  )
  const counted = names.size
  await wrong(
    throttle,
    spread(600, (i) => `2001:db8:1:${hex(i % 256)}${hex(i >> 8)}::1`),
  )
  expect(names.size).toBe(counted)
})

test('a right password clears what was counted of its user in wider networks too', async () => {
  const throttle = newThrottle(few, many)
  for (let i = 0; i < 60; i++) {
    await wrong(throttle, [['alice', `2001:db8:1:${hex(i)}00::1`]])
    expect(await right(throttle, 'alice', `2001:db8:1:${hex(i)}00::1`)).toBe('right')
  }
})

const byDevice = (device: string | null, uname = 'alice') => ({ uname, address: '192.0.2.7', device })
const WRONG = () => Promise.reject(new Refusal('wrong_credentials', 'The password is wrong.'))

test('a known device is not refused where strangers have used up the attempts, and waits in another line', async () => {
  const throttle = newThrottle(few, few)
  await wrong(
    throttle,
    spread(3, () => '192.0.2.7'),
  )
  expect(await right(throttle, 'alice', '192.0.2.7')).toBe('too_many_attempts')
  const party = await throttle.attempt(byDevice('laptop'), async (each) => each)
  expect(party).toEqual({ isKnown: true, name: 'alice' })
})

test('after too many wrong passwords a known device counts by its address until its window is over', async () => {
  const throttle = newThrottle(few, { attempts: 2, window: 600_000 })
  const code = (device: string | null) =>
    throttle.attempt<string>(byDevice(device), WRONG).catch((refusal: Refusal) => refusal.code)
  const codes: string[] = []
  for (let i = 0; i < 6; i++) codes.push(await code('laptop'))
  expect(codes).toEqual([...Array<string>(5).fill('wrong_credentials'), 'too_many_attempts'])
  const ofOther = await throttle.attempt(byDevice('phone'), async ({ isKnown }) => isKnown)
  expect(ofOther).toBe(true)
  now += 60_000
  expect(await throttle.attempt(byDevice('laptop'), async ({ isKnown }) => isKnown)).toBe(true)
})

test('a right password of a known device begins its count anew', async () => {
  const throttle = newThrottle(few, few)
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 2; j++) await throttle.attempt(byDevice('laptop'), WRONG).catch(() => {})
    expect(await throttle.attempt(byDevice('laptop'), async ({ isKnown }) => isKnown)).toBe(true)
  }
})

test('strangers of one network share a turn, the widest that is counted', async () => {
  const throttle = newThrottle(many, many)
  const partyOf = (address: string) => throttle.attempt({ ...ALICE, address }, async (party) => party)
  expect(await partyOf('2001:db8:1:2::3')).toEqual({ isKnown: false, name: '2001:db8:1::/48' })
  expect(await partyOf('192.0.2.7')).toEqual({ isKnown: false, name: '192.0.2.0/24' })
})
