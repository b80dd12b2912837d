import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { counterOf, judge, newKept } from '../../reliability/ledger.ts'
import { makeOld, versionOf } from '../../reliability/old.ts'
import { runRounds } from '../../reliability/rounds.ts'
import { startOnOld } from '../../reliability/starts.ts'
import { NEWEST } from '../../src/store/sqlite/schema.ts'
import { logIn } from '../support/client.ts'
import { openPlace } from '../support/process.ts'
import { startServer } from '../support/server.ts'

const ROUNDS = 15

test('killed 15 times amid writes, logins, ends, sweeps, first starts, migrations and backups, it keeps what it answered', async () => {
  const seed = Math.floor(Math.random() * 1_000_000)
  const tallies = await runRounds({ rounds: ROUNDS, seed, progress() {} }).catch((error: unknown) => {
    // What went wrong first, and not that the folder could not be deleted because of it.
    throw error instanceof SuppressedError ? error.suppressed : error
  })
  const harm = tallies.map(({ kind, lost, half, revived }) => ({ kind, lost, half, revived }))
  expect({ seed, harm }).toEqual({
    seed,
    harm: tallies.map(({ kind }) => ({ kind, lost: 0, half: 0, revived: 0 })),
  })
  expect(tallies.reduce((total, { rounds }) => total + rounds, 0)).toBe(ROUNDS)
  const kinds = ['backup', 'invalidate', 'login', 'migration', 'start', 'sweep', 'write']
  expect(tallies.map(({ kind }): string => kind).toSorted()).toEqual(kinds)
  // Rounds in which nothing was written or compared would show nothing.
  for (const { kind, answered, compared } of tallies) {
    if (kind !== 'start' && kind !== 'migration') expect(answered).toBeGreaterThan(0)
    expect(compared).toBeGreaterThan(0)
  }
})

test('a file of any older version becomes one of the newest, and everything in it is there', async () => {
  await using place = openPlace()
  expect(NEWEST).toBeGreaterThan(1)
  for (let version = 1; version < NEWEST; version++) {
    const data = join(place.folder, `version-${version}`)
    const known = await makeOld(join(data, 'cloakroom.db'), version)
    expect(versionOf(join(data, 'cloakroom.db'))).toBe(version)
    const found = await startOnOld(place, data, known)
    expect(found).toEqual({ lost: 0, half: 0, revived: 0, compared: known.length })
    expect(known.length).toBeGreaterThan(100)
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
