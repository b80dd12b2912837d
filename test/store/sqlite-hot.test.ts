import { expect, test } from 'bun:test'
import { idOf } from '../../src/session/token.ts'
import { Changes } from '../../src/store/sqlite/changes.ts'
import { HotSessions } from '../../src/store/sqlite/hot.ts'
import { NOTHING } from '../../src/store/sqlite/packed.ts'
import type { Write } from '../../src/store/sqlite/writer.ts'
import { givenFolder } from './file.ts'
import { HOUR, now } from './given.ts'

const times = { beganAt: now, usedAt: now, endsAt: now + HOUR, latestEndsAt: now + HOUR }
const hot = { n: 1, id: idOf('a'), uname: 'ada', ...times, version: 1, packed: NOTHING }

/** Whether a session is still answered from memory after a write that says nothing of it. */
function staysAfter(write: Write): boolean {
  using folder = givenFolder()
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

test('a write that may end any session makes all of them be read anew', () => {
  expect(staysAfter(['endSessions', [10, now]])).toBe(false)
  expect(staysAfter(['deleteUser', ['ada', { now, keeper: '', generation: null }]])).toBe(false)
})
