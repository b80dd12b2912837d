import { afterEach, beforeEach, expect, jest, test } from 'bun:test'
import { newLifetime } from '../../src/session/lifetime.ts'
import { idOf, newToken } from '../../src/session/token.ts'
import { Touches } from '../../src/session/touches.ts'
import { type Told, Watching } from '../../src/session/watching.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { givenSessionOf, givenUser, MINUTE, now, roomy } from '../store/given.ts'

/** There is room for every watch. */
const anyRoom = () => {}

beforeEach(() => {
  jest.useFakeTimers()
})
afterEach(() => {
  jest.useRealTimers()
})

const IDLE = 30 * MINUTE

/** A session that ends `IDLE` after it began, whoever may watch it, and what of that is counted. */
async function givenWatching(change: (store: Store) => Partial<Store> = () => ({}), countsAsUse = false) {
  const memory = openMemoryStore()
  const user = await givenUser(memory)
  const token = newToken(false)
  const id = idOf(token)
  const session = await givenSessionOf(memory, user, { id })
  let time = now
  let reads = 0
  let open = 0
  let opened = 0
  const changed: Store = { ...memory, ...change(memory) }
  const store: Store = {
    ...changed,
    readSession(...args) {
      reads++
      return changed.readSession(...args)
    },
    async watchSession(...args) {
      const watch = await changed.watchSession(...args)
      open++
      opened++
      return {
        close() {
          open--
          watch.close()
        },
      }
    },
  }
  const clock = () => time
  const touches = new Touches(
    store,
    newLifetime({ idle: IDLE, lifetime: 24 * IDLE, fresh: 1 }, IDLE),
    clock,
    (fault) => {
      throw fault
    },
  )
  return {
    memory,
    token,
    id,
    handle: session.handle,
    watching: new Watching({ store, touches, clock, countsAsUse }),
    touches,
    get counts() {
      return { reads, open, opened, timers: jest.getTimerCount() }
    },
    put: (key: string) =>
      memory.putAttributes(id, new Map([[key, '1']]), roomy, { now: time, version: null }),
    /** Lets time go by, and whatever waited for it happen. */
    async pass(duration: number) {
      time += duration
      jest.advanceTimersByTime(duration)
      await happened()
    },
  }
}

/** Resolves when what is to be awaited in a store in memory has been. */
async function happened(): Promise<void> {
  for (let i = 0; i < 20; i++) await null
}

/** Watches the session; what is told gathers in `told`. */
async function begun({ watching, token }: Awaited<ReturnType<typeof givenWatching>>) {
  const watched = await watching.watch(token, anyRoom)
  if (watched === null) throw new Error('There is no live session.')
  const told: Told[] = []
  watched.begin((each) => void told.push(each))
  return { watched, told }
}

test('a session is told to have expired in the millisecond that it ends, and once', async () => {
  const given = await givenWatching()
  const { told } = await begun(given)
  await given.pass(IDLE - 1)
  expect(told).toEqual([])
  await given.pass(1)
  expect(told).toEqual([{ kind: 'end', reason: 'expired' }])
  await given.memory.endSession(given.handle, null, 'logout', now)
  await given.pass(10 * IDLE)
  expect(told).toHaveLength(1)
  expect(given.counts).toMatchObject({ open: 0, timers: 0 })
})

test('a use by whomever moves the end, of which nothing is asked before', async () => {
  const given = await givenWatching()
  const { told } = await begun(given)
  const { reads } = given.counts
  await given.pass(10 * MINUTE)
  await given.memory.touchSessions(
    [{ id: given.id, usedAt: now + 10 * MINUTE, endsAt: now + 10 * MINUTE + IDLE }],
    now,
  )
  await given.pass(19 * MINUTE)
  expect(given.counts.reads).toBe(reads)
  await given.pass(MINUTE)
  expect(given.counts.reads).toBe(reads + 1)
  await given.pass(10 * MINUTE - 1)
  expect(told).toEqual([])
  expect(given.counts.reads).toBe(reads + 1)
  await given.pass(1)
  expect(told).toEqual([{ kind: 'end', reason: 'expired' }])
})

test('neither watching nor looking for the end is a use, unless a setting says so', async () => {
  for (const countsAsUse of [false, true]) {
    const given = await givenWatching(() => ({}), countsAsUse)
    const { watched, told } = await begun(given)
    for (let i = 0; i < 9; i++) {
      await given.pass(10 * MINUTE)
      await watched.use()
      await given.touches.flush()
    }
    expect(told).toEqual(countsAsUse ? [] : [{ kind: 'end', reason: 'expired' }])
    watched.close()
    const { reads } = given.counts
    await watched.use()
    expect(given.counts.reads).toBe(reads)
  }
})

test('a timer that is longer than timers can be does not end at once', async () => {
  const given = await givenWatching((memory) => ({
    async readSession(...args) {
      const session = await memory.readSession(...args)
      return session === null ? null : { ...session, endsAt: now + 400 * 24 * 60 * MINUTE }
    },
  }))
  const { told } = await begun(given)
  const { reads } = given.counts
  await given.pass(24 * 60 * MINUTE)
  expect(given.counts.reads).toBe(reads)
  expect(told).toEqual([])
})

test('while the store is away nobody is told of an end, which is when it is back', async () => {
  let isAway = false
  const given = await givenWatching((memory) => ({
    readSession: (...args) => (isAway ? Promise.reject(new Error('away')) : memory.readSession(...args)),
  }))
  const { told } = await begun(given)
  isAway = true
  await given.pass(IDLE)
  for (let i = 0; i < 3; i++) await given.pass(1_000)
  expect(told).toEqual([])
  isAway = false
  await given.pass(1_000)
  expect(told).toEqual([{ kind: 'end', reason: 'expired' }])
})

test('a session that ends while its watch is opened leaves none, and neither does a store that fails', async () => {
  const faults: Record<string, () => Promise<unknown>> = {
    ended: async () => null,
    away: async () => Promise.reject(new Error('away')),
  }
  for (const [what, second] of Object.entries(faults)) {
    let reads = 0
    const given = await givenWatching((memory) => ({
      readSession: (...args) =>
        reads++ === 0 ? memory.readSession(...args) : (second() as ReturnType<Store['readSession']>),
    }))
    const outcome = await given.watching.watch(given.token, anyRoom).catch((fault: Error) => fault.message)
    expect(outcome).toBe(what === 'ended' ? null : 'away')
    expect(given.counts).toMatchObject({ opened: 1, open: 0, timers: 0 })
  }
})

test('nothing is left of a watch that is closed, and nothing is told', async () => {
  const given = await givenWatching()
  const streams = await Promise.all(Array.from({ length: 20 }, () => begun(given)))
  expect(given.counts).toMatchObject({ open: 20, timers: 20 })
  for (const { watched } of streams) watched.close()
  expect(given.counts).toMatchObject({ open: 0, timers: 0 })
  const { reads } = given.counts
  await given.put('a')
  await given.pass(10 * IDLE)
  expect(given.counts.reads).toBe(reads)
  expect(streams.flatMap(({ told }) => told)).toEqual([])
})

test('changes of attributes of applications are not told to the user', async () => {
  const { memory, token, id, watching } = await givenWatching()
  const watched = await watching.watch(token, anyRoom)
  const told: Told[] = []
  watched?.begin((each) => told.push(each))
  const put = (...keys: readonly string[]) =>
    memory.putAttributes(id, new Map(keys.map((key) => [key, ''])), roomy, { now, version: null })
  await put('@app')
  await put('@app', 'a', '@')
  await memory.removeAttributes(id, ['@app'], { now, version: null })
  await memory.removeAttributes(id, ['@', 'a'], { now, version: null })
  await memory.removeAttributes(id, 'unreserved', { now, version: null })
  watched?.close()
  expect(told).toEqual([
    { kind: 'put', keys: ['a'], version: 3 },
    { kind: 'delete', keys: ['a'], version: 5 },
    { kind: 'delete', keys: 'all', version: 6 },
  ])
  expect(watched?.version).toBe(6)
})
