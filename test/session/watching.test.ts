import { expect, test } from 'bun:test'
import { newLifetime } from '../../src/session/lifetime.ts'
import { idOf, newToken } from '../../src/session/token.ts'
import { Touches } from '../../src/session/touches.ts'
import { type Told, Watching } from '../../src/session/watching.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import { type Change, handleOf, type Store } from '../../src/store/store.ts'
import { givenSession, now, put } from '../store/given.ts'
import { removed, wrote } from '../store/watched.ts'

/** There is room for every watch. */
const anyRoom = () => {}

function watchingOf(store: Store) {
  const lifetime = newLifetime({ idle: 60_000, lifetime: 600_000, fresh: 1 }, 60_000)
  const touches = new Touches(
    store,
    lifetime,
    () => now,
    () => {},
  )
  return new Watching({ store, touches, clock: () => now, countsAsUse: false })
}

/** A store in which something happens before and after the read that a watch begins with. */
function meddled(good: Store, before: () => Promise<unknown>, after: () => Promise<unknown>): Store {
  let reads = 0
  return {
    ...good,
    async readSession(...args) {
      // The first one only finds out whether there is anything to watch.
      if (++reads !== 2) return good.readSession(...args)
      await before()
      const session = await good.readSession(...args)
      await after()
      return session
    },
  }
}

test('what is written while a watch begins is in its version or is told, and never both', async () => {
  const good = openMemoryStore()
  const token = newToken(false)
  const { id } = await givenSession(good, { id: idOf(token) })
  const write = (key: string) => () => put(good, id, [[key, '1']])
  const watched = await watchingOf(meddled(good, write('before'), write('after'))).watch(token, anyRoom)
  const told: Told[] = []
  expect(watched?.version).toBe(2)
  watched?.begin((each) => told.push(each))
  await write('later')()
  expect(told).toEqual([
    { kind: 'put', keys: ['after'], version: 3 },
    { kind: 'put', keys: ['later'], version: 4 },
  ])
  watched?.close()
})

test('a session that ends while a watch begins is not watched, or its end is told', async () => {
  for (const isBefore of [true, false]) {
    const good = openMemoryStore()
    const token = newToken(false)
    const { id } = await givenSession(good, { id: idOf(token) })
    const end = () => good.endSession(handleOf(id), null, 'logout', now)
    const nothing = async () => {}
    const store = meddled(good, isBefore ? end : nothing, isBefore ? nothing : end)
    const watched = await watchingOf(store).watch(token, anyRoom)
    const told: Told[] = []
    watched?.begin((each) => told.push(each))
    expect(watched === null).toBe(isBefore)
    expect(told).toEqual(isBefore ? [] : [{ kind: 'end', reason: 'logout' }])
  }
})

test('of a token that somebody made up the store is not asked to tell', async () => {
  const good = openMemoryStore()
  let watches = 0
  const counting: Store = {
    ...good,
    watchSession(...args) {
      watches++
      return good.watchSession(...args)
    },
  }
  expect(await watchingOf(counting).watch(newToken(false), anyRoom)).toBeNull()
  expect(watches).toBe(0)
})

test('after something was missed it is found out whether the session still lives', async () => {
  const good = openMemoryStore()
  const token = newToken(false)
  const { id } = await givenSession(good, { id: idOf(token) })
  // A store that loses its connection: it tells nothing more of what is done, but that something was missed.
  let lose = () => {}
  const lossy: Store = {
    ...good,
    async watchSession(_, tell) {
      lose = () => tell({ kind: 'missed' })
      return { close() {} }
    },
  }
  const watched = await watchingOf(lossy).watch(token, anyRoom)
  const told: Told[] = []
  const isOver = new Promise<void>((resolve) => {
    watched?.begin((each) => {
      told.push(each)
      if (each.kind === 'end') resolve()
    })
  })
  lose()
  await good.endSession(handleOf(id), null, 'logout', now)
  lose()
  await isOver
  expect(told.at(-1)).toEqual({ kind: 'end', reason: 'revoked' })
  expect(told[0]).toEqual({ kind: 'missed' })
})

test('a change behind a gap in the versions is told behind a missed, once, whatever the store forgot to tell', async () => {
  const good = openMemoryStore()
  const token = newToken(false)
  const { id } = await givenSession(good, { id: idOf(token) })
  const tells: ((change: Change) => void)[] = []
  const forgetful: Store = {
    ...good,
    async watchSession(_, tell) {
      tells.push(tell)
      return { close() {} }
    },
  }
  const watched = await watchingOf(forgetful).watch(token, anyRoom)
  const told: Told[] = []
  watched?.begin((each) => void told.push(each))
  const missed = { kind: 'missed' } as const
  for (const change of [
    wrote(2, 'a'),
    wrote(4, 'b'),
    missed,
    wrote(7, 'c'),
    wrote(8, 'd'),
    removed(10, 'all'),
  ])
    for (const tell of tells) tell(change)
  expect(told).toEqual([
    ...[wrote(2, 'a'), missed, wrote(4, 'b'), missed, wrote(7, 'c'), wrote(8, 'd'), missed],
    removed(10, 'all'),
  ])
  expect(await good.readSession(id, [], now)).not.toBeNull()
  watched?.close()
})
