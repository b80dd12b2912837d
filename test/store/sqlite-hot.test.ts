import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { idOf } from '../../src/session/token.ts'
import { Changes } from '../../src/store/sqlite/changes.ts'
import { HotSessions } from '../../src/store/sqlite/hot.ts'
import { NOTHING } from '../../src/store/sqlite/packed.ts'
import type { Write } from '../../src/store/sqlite/writer.ts'
import { errorOf, givenFolder, openAlone, withDatabase } from './file.ts'
import { givenSessionOf, givenUser, HOUR, MINUTE, now } from './given.ts'

const times = { beganAt: now, usedAt: now, endsAt: now + HOUR, latestEndsAt: now + HOUR }
const hot = { n: 1, id: idOf('a'), uname: 'ada', ...times, version: 1, packed: NOTHING }

/** Whether a session is still answered from memory after a write that says nothing of it. */
function staysAfter(write: Write): boolean {
  using folder = givenFolder()
  writeFileSync(folder.at('s.db'), '')
  const sessions = new HotSessions(new Changes(folder.at('s.db')))
  sessions.keep(hot)
  expect(sessions.find(hot.id, now)).toEqual(hot)
  sessions.committed(write, undefined)
  return sessions.find(hot.id, now) !== null
}

test('events that are remembered, and what is counted, leave the sessions in memory where they are', () => {
  expect(staysAfter(['appendEvents', [[], { most: 1, since: 0 }]])).toBe(true)
  expect(staysAfter(['addToCounter', ['name', 1, HOUR, now]])).toBe(true)
})

test('a use that could not be written keeps no session alive, in memory or elsewhere', async () => {
  using folder = givenFolder()
  const store = await openAlone(folder.at('s.db'))
  const session = await givenSessionOf(store, await givenUser(store), { endsAt: now + MINUTE })
  expect(await store.readSession(session.id, [], now)).not.toBeNull()
  withDatabase(folder.at('s.db'), (db) => db.exec('ALTER TABLE uses RENAME TO lost'))
  const use = { id: session.id, usedAt: now, endsAt: now + HOUR }
  expect(await errorOf(() => store.touchSessions([use], now))).toHaveProperty('code', 'store_unavailable')
  withDatabase(folder.at('s.db'), (db) => db.exec('ALTER TABLE lost RENAME TO uses'))
  expect(await store.readSession(session.id, [], now + MINUTE)).toBeNull()
  // When it is tried again, it is too late.
  await store.touchSessions([use], now + MINUTE)
  expect(await store.readSession(session.id, [], now + MINUTE)).toBeNull()
  await store.close()
})

test('a use that was written is known in memory too', async () => {
  using folder = givenFolder()
  const store = await openAlone(folder.at('s.db'))
  const session = await givenSessionOf(store, await givenUser(store), { endsAt: now + MINUTE })
  expect(await store.readSession(session.id, [], now)).toMatchObject({ endsAt: now + MINUTE })
  await store.touchSessions([{ id: session.id, usedAt: now + 1, endsAt: now + HOUR }], now + 1)
  expect(await store.readSession(session.id, [], now + MINUTE)).toMatchObject({
    usedAt: now + 1,
    endsAt: now + HOUR,
  })
  await store.close()
})

test('a write that may end any session makes all of them be read anew', () => {
  expect(staysAfter(['endSessions', [10, now]])).toBe(false)
  expect(staysAfter(['deleteUser', ['ada', { now, keeper: '', generation: null }]])).toBe(false)
})

test('sessions in memory have positions, in the order of their logins, others have none', async () => {
  using folder = givenFolder()
  const store = await openAlone(folder.at('s.db'))
  const user = await givenUser(store)
  const sessions = [await givenSessionOf(store, user, {}), await givenSessionOf(store, user, {})]
  const positions = () => sessions.map(({ id }) => store.positionOf(id))
  expect(positions()).toEqual([null, null])
  for (const { id } of sessions.toReversed()) await store.readSession(id, [], now)
  const [first, second] = positions()
  expect(first).toBeNumber()
  expect(second).toBeGreaterThan(first ?? Number.NaN)
  await store.close()
})
