import { describe, expect, test } from 'bun:test'
import { Refusal } from '../../src/errors.ts'
import { Admission, type Displaced, type SessionLimit } from '../../src/session/admission.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { handleOf, type Store, type StoredSession } from '../../src/store/store.ts'
import { errorOf, givenFolder, openAlone } from '../store/file.ts'
import { givenSession, givenUser, HOUR, idsOf, isLive, newSession, now, times } from '../store/given.ts'
import { ended, watch } from '../store/watched.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { describeWithRedis, openRedis, startRedis } from '../support/redis.ts'

interface Given {
  readonly limit?: Partial<SessionLimit>
  readonly withUse?: () => (session: StoredSession) => StoredSession
}

/** What lets logins in on a node, and what it said. */
function admissionOn(store: Store, { limit = {}, withUse = () => (session) => session }: Given = {}) {
  const displaced: Displaced[] = []
  const admission = new Admission({
    store,
    clock: () => now,
    limit: { perUser: 3, atLimit: 'end-oldest', ...limit },
    withUse,
    displaced: (each) => void displaced.push(each),
    fault(error) {
      throw error
    },
  })
  return {
    insert: admission.insert.bind(admission),
    displaced,
    handles: () => displaced.flatMap(({ handles }) => handles),
  }
}

/** A user with sessions that began a second after each other, the first an hour ago. */
async function givenSessions(store: Store, count: number) {
  const user = await givenUser(store)
  const sessions = times(count, (i) => {
    const beganAt = now - HOUR + i * 1_000
    return newSession(user, { beganAt, latestEndsAt: beganAt + 12 * HOUR, endsAt: now + HOUR })
  })
  for (const session of sessions) expect(await store.insertSession(session)).toBe('inserted')
  return { user, sessions, ids: sessions.map(({ id }) => id) }
}

/** Logins of one user on several nodes at once never leave more sessions than may be, and each of them is answered. */
async function expectBounded(nodes: readonly Store[]): Promise<void> {
  const [store] = nodes as [Store]
  const { user } = await givenSessions(store, 2)
  const admissions = nodes.map((node) => admissionOn(node, { limit: { perUser: 5 } }))
  const logins = times(50, (i) => {
    const session = newSession(user, { beganAt: now + i, latestEndsAt: now + i + HOUR })
    return admissions[i % admissions.length]?.insert(session, [])
  })
  expect(new Set(await Promise.all(logins))).toEqual(new Set(['inserted']))
  expect(await store.countSessions(user.uname, now + 50)).toBe(5)
  // Each that ended is told of once.
  const handles = admissions.flatMap((each) => each.handles())
  expect([handles.length, new Set(handles).size]).toEqual([47, 47])
  // One that may have no more is refused at once, and ends none.
  const refusing = admissionOn(store, { limit: { perUser: 5, atLimit: 'refuse' } })
  const outcomes = await Promise.allSettled(times(10, () => refusing.insert(newSession(user), [])))
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { code: 'too_many_sessions' } })
  expect(await store.countSessions(user.uname, now + 50)).toBe(5)
}

describe('beyond as many sessions as a user may have', () => {
  test('a login ends the session that was not used for longest, and tells whoever watches it', async () => {
    const store = openMemoryStore()
    const { user, sessions, ids } = await givenSessions(store, 3)
    const [first, second] = sessions
    await store.touchSessions([{ id: first?.id ?? '', usedAt: now, endsAt: now + HOUR }], now)
    const told = await watch(store, second?.id ?? '')
    const { insert, displaced } = admissionOn(store)
    const login = newSession(user)
    expect(await insert(login, [])).toBe('inserted')
    expect(new Set(await idsOf(store, user.uname))).toEqual(new Set([ids[0], ids[2], login.id] as string[]))
    expect(displaced).toEqual([{ uname: user.uname, handles: [handleOf(second?.id ?? '')] }])
    expect(told.changes).toEqual([ended('revoked')])
  })

  test('a use that only this node knows of counts', async () => {
    const store = openMemoryStore()
    const { user, ids } = await givenSessions(store, 3)
    const withUse = () => (session: StoredSession) =>
      session.id === ids[0] ? { ...session, usedAt: now } : session
    expect(await admissionOn(store, { withUse }).insert(newSession(user), [])).toBe('inserted')
    expect(await isLive(store, ids[0] ?? '')).toBe(true)
    expect(await isLive(store, ids[1] ?? '')).toBe(false)
  })

  test('a login is refused if that is set, and ends nothing', async () => {
    const store = openMemoryStore()
    const { user, ids } = await givenSessions(store, 3)
    const { insert, displaced } = admissionOn(store, { limit: { atLimit: 'refuse' } })
    const refusal = await errorOf(() => insert(newSession(user), []))
    expect(refusal).toBeInstanceOf(Refusal)
    expect(refusal).toMatchObject({ code: 'too_many_sessions', message: expect.stringContaining('3 times') })
    expect(new Set(await idsOf(store, user.uname))).toEqual(new Set(ids))
    expect(displaced).toEqual([])
  })

  test('sessions that end with the login leave room for it, and those of other users do not', async () => {
    const store = openMemoryStore()
    const { user, ids } = await givenSessions(store, 3)
    const other = await givenSession(store)
    for (const atLimit of ['refuse', 'end-oldest'] as const) {
      const { insert, displaced } = admissionOn(store, { limit: { atLimit } })
      const login = newSession(user)
      expect(await insert(login, [other.id, ids[2] ?? ''])).toBe('inserted')
      expect(displaced).toEqual([])
      await store.endSession(handleOf(login.id), null, 'logout', now)
    }
    const refusing = admissionOn(store, { limit: { atLimit: 'refuse' } })
    expect(await errorOf(() => refusing.insert(newSession(user), [other.id]))).toHaveProperty(
      'code',
      'too_many_sessions',
    )
  })

  test('of a user who has very many a login ends some hundreds at most before it is answered, and the rest follows', async () => {
    const good = openMemoryStore()
    const { user } = await givenSessions(good, 1_300)
    const batches: number[] = []
    const store: Store = {
      ...good,
      async earliestSessions(...args) {
        const found = await good.earliestSessions(...args)
        batches.push(found.length)
        return found
      },
    }
    const { insert, displaced } = admissionOn(store)
    const login = newSession(user)
    expect(await insert(login, [])).toBe('inserted')
    expect(await good.countSessions(user.uname, now)).toBeGreaterThan(600)
    while ((await good.countSessions(user.uname, now)) > 3) await Bun.sleep(1)
    expect(await isLive(good, login.id)).toBe(true)
    expect(Math.max(...displaced.map(({ handles }) => handles.length))).toBe(100)
    expect(Math.max(...batches)).toBeLessThan(200)
  })

  test('logins at once never leave more than that in a file or in memory', async () => {
    await expectBounded([openMemoryStore()])
    using folder = givenFolder()
    const store = await openAlone(folder.at('s.db'))
    await expectBounded([store])
    await store.close()
  })
})

describeWithRedis('beyond as many sessions as a user may have, on Redis', () => {
  test('logins at once on two nodes never leave more than that', async () => {
    await using server = await startRedis(['--appendfsync', 'no'])
    const nodes = [await openRedis(server.url), await openRedis(server.url)]
    await expectBounded(nodes)
    for (const node of nodes) await node.close()
  })
})

describeWithPostgres('beyond as many sessions as a user may have', { conf: { fsync: 'off' } }, (server) => {
  test('logins at once on two nodes never leave more than that', async () => {
    const url = await server.newDatabase()
    const open = () => openPostgresStore(url, { timeout: 5_000, connections: 8, create: true })
    const nodes = [await open(), await open()]
    await expectBounded(nodes)
    for (const node of nodes) await node.close()
  })
})
