import { expect, test } from 'bun:test'
import pino from 'pino'
import { CountedLog } from '../src/counted-log.ts'

function newLog(level = 'debug') {
  const text: string[] = []
  const log = new CountedLog(
    pino({ level, base: null, timestamp: false }, { write: (line: string) => void text.push(line) }),
    () => 1_000,
  )
  const lines = () => text.map((line) => JSON.parse(line) as Record<string, unknown>)
  return { log, lines }
}

test('a refusal that repeats is one line, and later one with the number of repeats', () => {
  const { log, lines } = newLog()
  for (let i = 0; i < 10_000; i++) {
    const address = `2001:db8:7:${(i % 65_536).toString(16)}::1`
    log.warn({ event: 'login_failed', code: 'wrong_credentials', address, requestId: String(i) }, 'refused')
  }
  expect(lines()).toEqual([
    {
      level: 40,
      event: 'login_failed',
      code: 'wrong_credentials',
      address: '2001:db8:7:0::1',
      requestId: '0',
      msg: 'refused',
    },
  ])
  log.stop()
  expect(lines().slice(1)).toEqual([
    {
      level: 40,
      event: 'login_failed',
      code: 'wrong_credentials',
      network: '2001:db8:7::/48',
      more: 9_999,
      since: '1970-01-01T00:00:01.000Z',
      msg: 'refused; 9999 more like it',
    },
  ])
})

test('other users, codes and networks have lines of their own', () => {
  const { log, lines } = newLog()
  for (const uname of ['alice', 'bob', undefined])
    for (const code of ['wrong_credentials', 'busy'])
      for (const address of ['192.0.2.1', '192.0.2.2', '2001:db8::1'])
        for (let i = 0; i < 3; i++) log.warn({ event: 'login_failed', code, uname, address }, 'refused')
  expect(lines()).toHaveLength(18)
  log.stop()
  expect(lines()).toHaveLength(36)
  expect(lines().slice(18)).toContainEqual(
    expect.objectContaining({ uname: 'bob', code: 'busy', network: '192.0.2.2', more: 2 }),
  )
})

test('networks beyond a number are counted together', () => {
  const { log, lines } = newLog()
  for (let i = 0; i < 5_000; i++)
    log.warn(
      { event: 'refused_foreign', code: 'cross_site', address: `10.1.${i >> 8}.${i & 255}` },
      'refused',
    )
  expect(lines()).toHaveLength(500)
  log.stop()
  expect(lines()[500]).toMatchObject({ event: 'refused_foreign', code: 'cross_site', more: 4_500 })
  expect(lines()[500]).not.toHaveProperty('network')
})

test('faults of requests are lines with their ids, some of each, and their number', () => {
  const { log, lines } = newLog()
  for (let i = 0; i < 100; i++)
    log.error(
      { event: 'fault', path: '/', address: '192.0.2.1', requestId: String(i), err: new Error('away') },
      'failed',
    )
  expect(lines().map(({ requestId }) => requestId)).toEqual(Array.from({ length: 20 }, (_, i) => String(i)))
  log.stop()
  expect(lines()[20]).toMatchObject({
    level: 50,
    more: 80,
    err: { message: 'away' },
    msg: 'failed; 80 more like it',
  })
})

test('what the level leaves out is not counted', () => {
  const { log, lines } = newLog('error')
  for (let i = 0; i < 10; i++) log.warn({ event: 'a' }, 'refused')
  log.stop()
  expect(lines()).toEqual([])
})
