import { expect, jest, test } from 'bun:test'
import pino from 'pino'
import { Audit } from '../src/audit.ts'
import { openMemoryStore } from '../src/store/memory.ts'

/** A security log, and a store that is away whenever it is told to be. */
function newAudit() {
  const lines: string[] = []
  const faults: unknown[] = []
  const store = openMemoryStore()
  const state = { isAway: false, writes: 0, now: 1_000 }
  const audit = new Audit(
    pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) }),
    {
      ...store,
      appendEvents(...args) {
        state.writes++
        return state.isAway ? Promise.reject(new Error('away')) : store.appendEvents(...args)
      },
    },
    () => state.now,
    (fault) => void faults.push(fault),
  )
  const login = (uname: string) => audit.info({ event: 'login', uname }, 'logged in')
  const list = async () => (await audit.list({}, null, 1_000)).items
  return { audit, lines, faults, state, login, list }
}

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

test('a store that is away fails nobody, and gets what there was room for and the number of the rest', async () => {
  const { audit, lines, faults, state, login, list } = newAudit()
  state.isAway = true
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < 20; i++) login(`user ${20 * round + i}`)
    audit.warn({ event: 'refused', code: 'csrf_failed' }, 'a request was refused')
    await audit.flush()
  }
  expect([state.writes, faults.length, lines.length]).toEqual([4, 1, 84])
  state.isAway = false
  state.now = 2_000
  const events = await list()
  const logins = events.filter(({ event }) => event === 'login').toReversed()
  expect(logins.slice(0, 50).map(({ uname, at }) => [uname, at])).toEqual(
    Array.from({ length: 50 }, (_, i) => [`user ${i}`, 1_000]),
  )
  expect(logins.slice(50)).toEqual([{ event: 'login', more: 30, at: 2_000 }])
  expect(events.filter(({ event }) => event === 'refused')).toHaveLength(4)
  // The number begins anew, and so does the complaint.
  state.isAway = true
  login('last')
  await audit.flush()
  expect(faults).toHaveLength(2)
  state.isAway = false
  expect((await list())[0]).toEqual({ event: 'login', uname: 'last', at: 2_000 })
  await audit.stop()
})

test('what happens while a batch is written is in the next one', async () => {
  const { audit, state, login, list } = newAudit()
  login('first')
  const flushed = audit.flush()
  await Promise.resolve()
  login('second')
  await flushed
  await audit.flush()
  expect(state.writes).toBe(2)
  expect((await list()).map(({ uname }) => uname)).toEqual(['second', 'first'])
})

test('what happens while a write fails comes behind what that one had', async () => {
  const { audit, state, login, list } = newAudit()
  state.isAway = true
  for (let i = 0; i < 40; i++) login(`early ${i}`)
  const flushed = audit.flush()
  await Promise.resolve()
  expect(state.writes).toBe(1)
  for (let i = 0; i < 70; i++) login(`late ${i}`)
  await flushed
  state.isAway = false
  const events = (await list()).toReversed()
  expect(events).toHaveLength(51)
  expect(events.slice(39, 41).map(({ uname }) => uname)).toEqual(['early 39', 'late 0'])
  expect(events.at(-1)).toMatchObject({ event: 'login', more: 60 })
})

test('what somebody typed is cut and can be kept by any store, and the line of the log is not changed', async () => {
  const { lines, list, login } = newAudit()
  const typed = `\0\ud800${'x'.repeat(1_000)}`
  login(typed)
  const [event] = await list()
  expect(event?.uname).toBe(`\0\ufffd${'x'.repeat(298)}`)
  expect(JSON.parse(lines[0] ?? '').uname).toHaveLength(1_002)
})

test('events are written a second after the first of them, tried again every second, and never after the end', async () => {
  jest.useFakeTimers()
  try {
    const { audit, state, login } = newAudit()
    login('a')
    jest.advanceTimersByTime(600)
    login('b')
    jest.advanceTimersByTime(399)
    expect(state.writes).toBe(0)
    state.isAway = true
    jest.advanceTimersByTime(1)
    await audit.flush()
    expect(state.writes).toBe(2)
    jest.advanceTimersByTime(1_000)
    await Promise.resolve()
    expect(state.writes).toBe(3)
    await audit.stop()
    const { writes } = state
    jest.advanceTimersByTime(10_000)
    await Promise.resolve()
    expect(state.writes).toBe(writes)
  } finally {
    jest.useRealTimers()
  }
})
