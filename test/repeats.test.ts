import { expect, test } from 'bun:test'
import { type RepeatLimits, Repeats, sourceNetworkOf } from '../src/repeats.ts'

const HOUR = 3_600_000

const limits = (given: Partial<RepeatLimits> = {}): RepeatLimits => ({
  name: 'test',
  singles: 1,
  ofUser: null,
  ofAll: null,
  ...given,
})

/** Repeats under a clock that the test moves, told after 10, 20 and then 40 milliseconds. */
function newRepeats() {
  const state = { now: 0 }
  const repeats = new Repeats<string>(() => state.now, { first: 10, longest: 40 })
  return {
    state,
    see: (kind: string, network: string, given = limits(), user = '') =>
      repeats.isSingle({ kind, user, network }, given, `${kind} ${user} ${network}`),
    told: (which: 'due' | 'all' = 'due') =>
      repeats.take(which).map(({ source, more }) => [source.user, source.network, more] as const),
  }
}

test('the first of a source is told at once, and those that follow by their number, in longer and longer periods', () => {
  const { state, see, told } = newRepeats()
  expect([see('a', 'n'), see('a', 'n'), see('b', 'n'), see('a', 'm')]).toEqual([true, false, true, true])
  state.now = 9
  expect(told()).toEqual([])
  state.now = 10
  expect(told()).toEqual([['', 'n', 1]])
  for (const [at, expected] of [
    [29, []],
    [30, [['', 'n', 1]]],
    [69, []],
    [70, [['', 'n', 1]]],
    [110, [['', 'n', 1]]],
  ] as const) {
    expect(see('a', 'n')).toBe(false)
    state.now = at
    expect(told().slice(0, 1)).toEqual(expected as never)
    if (expected.length === 0) told('all')
  }
  // Quiet for a period, it is new again.
  state.now = 150
  expect(told()).toEqual([])
  expect(see('a', 'n')).toBe(true)
})

test('a clock that is set back holds nothing up for longer than a period', () => {
  const { state, see, told } = newRepeats()
  state.now = 1_000_000
  see('a', 'n')
  see('a', 'n')
  state.now = 5
  expect(told()).toEqual([['', 'n', 1]])
})

test('beyond the budget of all, sources are counted together, and nothing is lost', () => {
  const { state, see, told } = newRepeats()
  const few = limits({ ofAll: { burst: 3, perHour: 2 } })
  const singles = Array.from({ length: 1_000 }, (_, i) => see('a', `n${i}`, few))
  expect(singles.filter(Boolean)).toHaveLength(3)
  for (let i = 0; i < 2; i++) see('a', 'n0', few)
  // The repeats of n0 find no budget either.
  expect(told('all')).toEqual([['', '', 997 + 2]])
  state.now = HOUR
  told()
  expect([see('a', 'x', few), see('a', 'y', few), see('a', 'z', few)]).toEqual([true, true, false])
})

test('beyond the budget of one user, networks are counted together, and other users are not', () => {
  const { see, told } = newRepeats()
  const few = limits({ ofUser: { burst: 2, perHour: 0 }, ofAll: { burst: 100, perHour: 0 } })
  for (let i = 0; i < 10; i++) see('a', `n${i}`, few, 'noisy')
  expect(see('a', 'n0', few, 'calm')).toBe(true)
  expect(told('all')).toEqual([['noisy', '', 8]])
})

test('half of a budget is for the first events of other sources', () => {
  const { see, told } = newRepeats()
  const some = limits({ singles: 100, ofAll: { burst: 10, perHour: 0 } })
  const noise = Array.from({ length: 100 }, () => see('a', 'noisy', some))
  expect(noise.filter(Boolean)).toHaveLength(6)
  for (let i = 0; i < 4; i++) expect(see('a', `n${i}`, some)).toBe(true)
  expect(told('all')).toEqual([['', '', 94]])
})

test('events under other limits never count for each other', () => {
  const { see, told } = newRepeats()
  const [noise, calm] = [limits({ ofAll: { burst: 1, perHour: 0 } }), limits({ name: 'calm', singles: 2 })]
  for (let i = 0; i < 10; i++) see('a', `n${i}`, noise)
  expect([see('a', 'n0', calm), see('a', 'n0', calm), see('a', 'n0', calm)]).toEqual([true, true, false])
  expect(told('all').toSorted()).toEqual([
    ['', '', 9],
    ['', 'n0', 1],
  ])
})

test('an IPv4 address is a source, and so is an IPv6 /48', () => {
  expect(sourceNetworkOf('192.0.2.1')).toBe('192.0.2.1')
  expect(sourceNetworkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1::/48')
  expect(sourceNetworkOf('2001:db8:1:ffff::')).toBe('2001:db8:1::/48')
  expect(sourceNetworkOf('')).toBe('')
  expect(sourceNetworkOf(undefined)).toBe('')
})
