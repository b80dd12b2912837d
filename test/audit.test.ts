import { expect, jest, test } from 'bun:test'
import fc from 'fast-check'
import { Audit, type AuditFields, rememberCommand } from '../src/audit.ts'
import { sourceNetworkOf } from '../src/repeats.ts'
import { openMemoryStore } from '../src/store/memory.ts'

const ADMINS = ['root', 'chief']

/** A security log, and a store that is away whenever it is told to be. */
function newAudit() {
  const lines: string[] = []
  const faults: unknown[] = []
  const store = openMemoryStore()
  const state = { isAway: false, writes: 0, now: 1_000 }
  const write = (fields: AuditFields) => void lines.push(JSON.stringify(fields))
  const audit = new Audit(
    { info: write, warn: write },
    {
      ...store,
      readUser: async (uname) => ({
        uname,
        fullname: '',
        email: '',
        passwordHash: '',
        roles: ADMINS.includes(uname) ? ['admin'] : [],
        disabled: false,
        generation: 1,
      }),
      appendEvents(...args) {
        state.writes++
        return state.isAway ? Promise.reject(new Error('away')) : store.appendEvents(...args)
      },
    },
    () => state.now,
    (fault) => void faults.push(fault),
  )
  const login = (uname: string) => audit.info({ event: 'login', uname, handle: 'h' }, 'logged in')
  const guess = (address: string, uname?: string) =>
    audit.warn({ event: 'login_failed', code: 'wrong_credentials', uname, address }, 'refused')
  const list = async () => {
    const found = []
    let after: string | null = null
    do {
      const page = await audit.list({}, after, 1_000)
      found.push(...page.items)
      after = page.next
    } while (after !== null)
    return found
  }
  return { audit, store, lines, faults, state, login, guess, list }
}

const addressOf = (i: number) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`

test('events that come together are written together', async () => {
  const { audit, state, login, list } = newAudit()
  for (let i = 0; i < 30; i++) login(`user ${i}`)
  expect(state.writes).toBe(0)
  await Promise.all([audit.flush(), audit.flush()])
  expect(state.writes).toBe(1)
  expect((await list()).map(({ uname }) => uname)).toEqual(
    Array.from({ length: 30 }, (_, i) => `user ${29 - i}`),
  )
  expect(state.writes).toBe(1)
})

test('a store that is away fails nobody, and gets what waited and the number of the rest', async () => {
  const { audit, faults, state, login, list } = newAudit()
  state.isAway = true
  for (let i = 0; i < 10_100; i++) {
    login(`user ${i}`)
    if (i % 3_000 === 0) await audit.flush()
  }
  audit.info({ event: 'user_delete', admin: 'root', uname: 'bob' }, 'deleted')
  await audit.flush()
  expect(faults).toHaveLength(1)
  state.isAway = false
  state.now = 2_000
  const events = (await list()).toReversed()
  expect(events).toHaveLength(10_002)
  expect(events[9_999]).toEqual({ event: 'login', uname: 'user 9999', handle: 'h', at: 1_000 })
  expect(events[10_000]).toMatchObject({ event: 'user_delete', uname: 'bob' })
  expect(events[10_001]).toEqual({ event: 'login', more: 100, at: 2_000 })
  // The complaint begins anew.
  state.isAway = true
  login('last')
  await audit.flush()
  expect(faults).toHaveLength(2)
  state.isAway = false
  expect((await list())[0]).toEqual({ event: 'login', uname: 'last', handle: 'h', at: 2_000 })
  await audit.stop()
})

test('what happens while a batch is written, or fails to be, comes behind it', async () => {
  for (const isAway of [false, true]) {
    const { audit, state, login, list } = newAudit()
    state.isAway = isAway
    login('first')
    const flushed = audit.flush()
    while (state.writes === 0) await Promise.resolve()
    login('second')
    await flushed
    state.isAway = false
    await audit.flush()
    expect(state.writes).toBe(2)
    expect((await list()).map(({ uname }) => uname)).toEqual(['second', 'first'])
  }
})

test('what somebody typed is cut and can be kept by any store, and the line of the log is not changed', async () => {
  const { lines, list, login } = newAudit()
  const typed = `\0\ud800${'x'.repeat(1_000)}`
  login(typed)
  const [event] = await list()
  expect(event?.uname).toBe(`\0\ufffd${'x'.repeat(298)}`)
  expect(JSON.parse(lines[0] ?? '').uname).toHaveLength(1_002)
})

test('guesses that repeat are counted by user and network, and the count is there whoever asks', async () => {
  const { audit, guess, list, state } = newAudit()
  guess('2001:db8:1::', 'alice')
  // It is known by then that alice is no admin.
  await audit.flush()
  for (let i = 0; i < 299; i++) guess(`2001:db8:1:${i.toString(16)}::1`, 'alice')
  state.now = 5_000
  const events = await list()
  expect(events.filter(({ more }) => more === undefined)).toHaveLength(6)
  expect(events[0]).toEqual({
    at: 5_000,
    event: 'login_failed',
    code: 'wrong_credentials',
    uname: 'alice',
    network: '2001:db8:1::/48',
    more: 294,
    since: '1970-01-01T00:00:01.000Z',
  })
})

test('no noise hides a guess at an admin, a login, or what another user was refused', async () => {
  const { audit, guess, list, login, store, state } = newAudit()
  for (let i = 0; i < 5; i++) guess('198.18.0.1', 'root')
  audit.warn({ event: 'refused', code: 'role_missing', uname: 'eve', handle: 'e', path: '/admin' }, 'refused')
  for (let hour = 0; hour < 48; hour++) {
    for (let i = 0; i < 2_000; i++) {
      guess(addressOf(hour * 2_000 + i))
      guess(addressOf(hour * 2_000 + i), `user ${i % 50}`)
      audit.warn(
        { event: 'refused', code: 'csrf_failed', uname: 'mallory', handle: 'm', address: addressOf(i) },
        '',
      )
      audit.info({ event: 'login', uname: 'mallory', handle: 'm', address: addressOf(i) }, '')
    }
    state.now += 3_600_000
    await audit.flush()
  }
  audit.warn({ event: 'refused', code: 'role_missing', uname: 'eve', handle: 'e', path: '/admin' }, 'refused')
  login('carol')
  const events = await list()
  expect(events.filter(({ uname }) => uname === 'root')).toHaveLength(5)
  expect(events.filter(({ uname }) => uname === 'eve')).toHaveLength(2)
  expect(events.filter(({ uname }) => uname === 'carol')).toHaveLength(1)
  // All of it is bounded: 192,000 guesses and as many events of one user.
  expect(events.length).toBeLessThan(25_000)
  const total = events.reduce((sum, { more = 1 }) => sum + Number(more), 0)
  expect(total).toBe(48 * 2_000 * 4 + 5 + 2 + 1)
  expect((await store.listEvents({ since: 0 }, null, 1)).items[0]?.source).toBe('user')
})

/** Events of one kind, about one user, from one address, one after the other. */
interface Noise {
  readonly kind: string
  readonly uname: string | undefined
  readonly address: string
  readonly times: number
}

const ADDRESSES = ['192.0.2.1', '192.0.2.2', '2001:db8:1::1', '2001:db8:1:9::1', '2001:db8:2::1']
const DONE = ['login', 'logout']

const noises = fc.array(
  fc.record({
    kind: fc.constantFrom('login_failed', 'login_throttled', 'refused', 'refused_foreign', ...DONE),
    uname: fc.constantFrom(undefined, 'alice', 'bob', ...ADMINS),
    address: fc.constantFrom(...ADDRESSES),
    times: fc.integer({ min: 1, max: 30 }),
  }),
  { maxLength: 40 },
)

/** Has it happen, and returns each event. */
function make(audit: Audit, { kind, uname, address, times }: Noise): readonly AuditFields[] {
  return Array.from({ length: times }, () => {
    const fields = { event: kind, uname, address, requestId: crypto.randomUUID() }
    if (DONE.includes(kind)) audit.info({ ...fields, handle: 'h' }, '')
    else audit.warn(kind === 'refused' ? { ...fields, handle: 'h' } : fields, '')
    return fields
  })
}

/** Those that have to be listed by themselves: all about admins, as long as they are few, and the first of each source. */
function singlesOf(events: readonly AuditFields[]): readonly AuditFields[] {
  const sources = Map.groupBy(events, ({ event, uname, address }) =>
    JSON.stringify([event, uname, sourceNetworkOf(address)]),
  )
  return [...sources.values()].flatMap((some) =>
    some.slice(0, ADMINS.includes(some[0]?.uname ?? '') ? 100 : 1),
  )
}

test('of any noise, the first of each kind, user and network is listed, and everything about admins', async () => {
  await fc.assert(
    fc.asyncProperty(noises, fc.integer({ min: 1, max: 10 }), async (noise, flushes) => {
      const { audit, list, state } = newAudit()
      const events: AuditFields[] = []
      for (const [i, each] of noise.entries()) {
        events.push(...make(audit, each))
        state.now += 7_000
        if (i % flushes === 0) await audit.flush()
      }
      const found = await list()
      const listed = new Set(found.map(({ requestId }) => requestId))
      for (const { requestId } of singlesOf(events)) expect(listed).toContain(requestId)
      expect(found.reduce((sum, { more = 1 }) => sum + Number(more), 0)).toBe(events.length)
    }),
    { numRuns: 40 },
  )
})

test('what the command line did is remembered at once, and gives way to nothing', async () => {
  const { audit, list, store, state } = newAudit()
  await rememberCommand(store, { event: 'user_delete', uname: 'bob', ended: 2 }, state.now)
  expect(await list()).toEqual([{ at: 1_000, event: 'user_delete', uname: 'bob', ended: 2, by: 'cli' }])
  await audit.stop()
})

test('events are written a second after the first of them, tried again every second, and never after the end', async () => {
  jest.useFakeTimers()
  const settle = async () => {
    for (let i = 0; i < 20; i++) await Promise.resolve()
  }
  try {
    const { audit, state, login } = newAudit()
    login('a')
    jest.advanceTimersByTime(600)
    login('b')
    jest.advanceTimersByTime(399)
    await settle()
    expect(state.writes).toBe(0)
    state.isAway = true
    jest.advanceTimersByTime(1)
    await settle()
    expect(state.writes).toBe(1)
    jest.advanceTimersByTime(1_000)
    await settle()
    expect(state.writes).toBe(2)
    await audit.stop()
    const { writes } = state
    jest.advanceTimersByTime(100_000)
    await settle()
    expect(state.writes).toBe(writes)
  } finally {
    jest.useRealTimers()
  }
})

test('repeats are written when their time is over, though nothing else happens', async () => {
  jest.useFakeTimers()
  try {
    const { audit, store, state, guess } = newAudit()
    for (let i = 0; i < 7; i++) guess('192.0.2.1')
    await audit.flush()
    for (let i = 0; i < 7; i++) guess('192.0.2.1')
    for (let second = 0; second < 75; second++) {
      state.now += 1_000
      jest.advanceTimersByTime(1_000)
      for (let i = 0; i < 20; i++) await Promise.resolve()
    }
    const { items } = await store.listEvents({ since: 0 }, null, 10)
    expect(items.map(({ text }) => JSON.parse(text).more)).toEqual([7, 2, ...Array(5)])
  } finally {
    jest.useRealTimers()
  }
})
