import { expect, setDefaultTimeout, test } from 'bun:test'
import { counterOf, judge, newKept } from '../../reliability/ledger.ts'
import { runRounds } from '../../reliability/rounds.ts'
import { logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'

setDefaultTimeout(120_000)

const ROUNDS = 25

test('killed 25 times amid writes, logins, ends, sweeps, first starts and backups, it keeps what it answered', async () => {
  const seed = Math.floor(Math.random() * 1_000_000)
  const tallies = await runRounds({ rounds: ROUNDS, seed, progress() {} })
  const harm = tallies.map(({ kind, lost, half, revived }) => ({ kind, lost, half, revived }))
  expect({ seed, harm }).toEqual({
    seed,
    harm: tallies.map(({ kind }) => ({ kind, lost: 0, half: 0, revived: 0 })),
  })
  expect(tallies.reduce((total, { rounds }) => total + rounds, 0)).toBe(ROUNDS)
  const kinds = ['backup', 'invalidate', 'login', 'migration', 'sweep', 'write']
  expect(tallies.map(({ kind }): string => kind).toSorted()).toEqual(kinds)
  // Rounds in which nothing was written or compared would show nothing.
  for (const { kind, answered, compared } of tallies) {
    if (kind !== 'migration') expect(answered).toBeGreaterThan(0)
    expect(compared).toBeGreaterThan(0)
  }
})

test('the comparison after a crash finds a write that is lost, a half one, a session that is gone and one that is back', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const kept = (fields: object) => ({ ...newKept(client.cookie), ...fields })
  const whole = { first: '3', middle: `3:${'x'.repeat(111)}`, last: '3' }
  expect(counterOf(whole)).toBe(3)
  await client.json('/session/put', whole)
  const found = (fields: object) => judge(server.url, kept(fields))
  expect(await found({ sent: 3, answered: 3 })).toEqual({ lost: 0, half: 0, revived: 0 })
  expect(await found({ sent: 4, answered: 3 })).toEqual({ lost: 0, half: 0, revived: 0 })
  expect(await found({ sent: 3, answered: 2 })).toEqual({ lost: 0, half: 0, revived: 0 })
  expect(await found({ sent: 4, answered: 4 })).toEqual({ lost: 1, half: 0, revived: 0 })
  expect(await found({ sent: 2, answered: 2 })).toEqual({ lost: 1, half: 0, revived: 0 })
  expect(await found({ sent: 3, answered: 3, end: 'answered' })).toEqual({ lost: 0, half: 0, revived: 1 })
  await client.json('/session/put', { last: '4' })
  expect(await found({ sent: 4, answered: 3 })).toEqual({ lost: 0, half: 1, revived: 0 })
  await client.json('/session/invalidate', {})
  expect(await found({ sent: 4, answered: 3 })).toEqual({ lost: 1, half: 0, revived: 0 })
  expect(await found({ sent: 4, answered: 3, end: 'sent' })).toEqual({ lost: 0, half: 0, revived: 0 })
})
