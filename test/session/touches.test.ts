import { expect, test } from 'bun:test'
import { newLifetime } from '../../src/session/lifetime.ts'
import { idOf } from '../../src/session/token.ts'
import { Touches } from '../../src/session/touches.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'

const IDLE = 30 * 60_000
const now = Date.now()
const ends = { endsAt: now + IDLE, latestEndsAt: now + 24 * IDLE }

/** Uses of sessions of a store at one instant; a fault of the store fails the test unless it is listened for. */
function touchesOf(
  store: Store,
  fault: (fault: unknown) => void = (fault) => expect.unreachable(String(fault)),
) {
  const lifetime = newLifetime({ idle: IDLE, lifetime: 24 * IDLE, fresh: 1 }, IDLE)
  return new Touches(store, lifetime, () => now, fault)
}

test('a busy server writes the use of a session once in a period, however many sessions there are', async () => {
  let written = 0
  const store = openMemoryStore()
  const counting: typeof store = {
    ...store,
    touchSessions(uses, now) {
      written += uses.length
      return store.touchSessions(uses, now)
    },
  }
  const touches = touchesOf(counting)
  await touches.flush()
  const ids = Array.from({ length: 100_000 }, (_, i) => idOf(`token ${i}`))
  for (let round = 0; round < 3; round++) {
    for (const id of ids) void touches.note(id, ends, now)
  }
  expect(written).toBe(0)
  await touches.flush()
  expect(written).toBe(ids.length)
})

test('a stop waits for the uses that are being written, also where that began before', async () => {
  const store = openMemoryStore()
  const [written, go] = [new Set<string>(), Promise.withResolvers<void>()]
  const slow: typeof store = {
    ...store,
    async touchSessions(uses) {
      await go.promise
      for (const { id } of uses) written.add(id)
    },
  }
  const touches = touchesOf(slow)
  // The first is due and begins to be written at once; more come than go in one step.
  for (let i = 0; i < 2_000; i++) void touches.note(String(i).padStart(43, '0'), ends, now)
  const earlier = touches.flush()
  const stop = touches.flush()
  go.resolve()
  await stop
  expect(written.size).toBe(2_000)
  await earlier
})

test('a use that is written while the store is reading is in what it tells', async () => {
  const store = openMemoryStore()
  const touches = touchesOf(store)
  const id = idOf('token')
  const times = { beganAt: now - 60_000, endsAt: now + IDLE - 60_000, latestEndsAt: now + 24 * IDLE }
  const login = { id, uname: 'alice', address: '', userAgent: '', ...times }
  await store.restoreSession({ ...login, usedAt: login.beganAt, version: 1 }, new Map())
  await touches.flush()
  void touches.note(id, times, now)
  const withUse = touches.applying()
  const [read] = (await store.listSessions({}, null, 1, now)).items
  await touches.flush()
  expect(read).toMatchObject({ usedAt: now - 60_000 })
  if (read !== undefined) expect(withUse(read)).toMatchObject({ usedAt: now, endsAt: now + IDLE })
})

test('uses are written in the order in which the store keeps their sessions, and those last of which it does not know that', async () => {
  const store = openMemoryStore()
  const ids = Array.from({ length: 12_000 }, (_, i) => idOf(`token ${i}`))
  // Restored sessions have numbers below 0; the last thousand are known nowhere.
  const positions = new Map(ids.slice(0, -1_000).map((id, i) => [id, ((i * 7_919) % 11_000) - 500]))
  const written: string[] = []
  const ordering: typeof store = {
    ...store,
    positionOf: (id) => positions.get(id) ?? null,
    async touchSessions(uses) {
      for (const { id, usedAt, endsAt } of uses) {
        expect([usedAt, endsAt]).toEqual([now, now + IDLE])
        written.push(id)
      }
    },
  }
  const touches = touchesOf(ordering)
  await touches.flush()
  for (const id of ids) void touches.note(id, ends, now)
  await touches.flush()
  const placed = [...positions].toSorted(([, a], [, b]) => a - b).map(([id]) => id)
  expect(written).toEqual([...placed, ...ids.slice(-1_000)])
})

test('however many uses have gathered while the store took none, it gets each once when it does', async () => {
  const store = openMemoryStore()
  let [isAway, refused] = [true, 0]
  const written = new Set<string>()
  const failing: typeof store = {
    ...store,
    async touchSessions(uses) {
      if (isAway) throw new Error('away')
      for (const { id } of uses) written.add(id)
    },
  }
  const touches = touchesOf(failing, () => {
    refused++
  })
  // More than there are exact numbers for, if a position and the number of a use share one carelessly.
  const count = 600_000
  for (let i = 0; i < count; i++) {
    void touches.note(idOf(`token ${i}`), ends, now)
    if (i === 1_000) await touches.flush()
  }
  await touches.flush()
  expect(touches.count).toBe(count)
  // One more, though there are enough to be written early, has to wait for its period like the others.
  const before = refused
  void touches.note(idOf('one more'), ends, now)
  for (let turn = 0; turn < 5_000; turn++) await new Promise(setImmediate)
  expect(refused).toBe(before)
  isAway = false
  await touches.flush()
  expect(written.size).toBe(count + 1)
  expect(touches.count).toBe(0)
})
