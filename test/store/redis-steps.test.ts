import { expect, test } from 'bun:test'
import { fieldsOf } from '../../src/store/redis/fields.ts'
import { ENDING, indexKey, memberOf, sessionKey, shardOf, userKey } from '../../src/store/redis/keys.ts'
import type { Script } from '../../src/store/redis/scripts.ts'
import { BEGIN } from '../../src/store/redis/session-scripts.ts'
import { ADMIT, DECIDE_ENDS, EXPECT } from '../../src/store/redis/user-scripts.ts'
import { handleOf, type NewSession, type StoredSession } from '../../src/store/store.ts'
import { describeWithRedis, openRedis, type RedisServer, startRedis } from '../support/redis.ts'
import {
  type Given,
  givenSession,
  givenSessionOf,
  givenUser,
  idsOf,
  isLive,
  newId,
  newSession,
  noKeeper,
  now,
  times,
} from './given.ts'

// Servers start in here, on machines that may have much else to do.
/** A step of a node that dies behind it, for which there is time enough. */
const step = (
  { ask }: RedisServer,
  script: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
) => ask('EVAL', script.text, String(keys.length), ...keys, ...args.map(String), 'inf')

const admit = (server: RedisServer, { id, uname, generation, beganAt, latestEndsAt }: NewSession) =>
  step(
    server,
    ADMIT,
    [userKey(uname), indexKey(uname)],
    [generation, memberOf(handleOf(id), beganAt), latestEndsAt, beganAt, 1_000],
  )

function begin(server: RedisServer, session: NewSession, admittedAt: unknown) {
  const { id, beganAt, endsAt } = session
  const handle = handleOf(id)
  const { ends, logins, ended } = shardOf(handle)
  return step(
    server,
    BEGIN,
    [sessionKey(handle), ends, logins, ended],
    [
      handle,
      String(admittedAt),
      endsAt,
      beganAt,
      ...fieldsOf({ ...session, usedAt: beganAt, version: 1 }, new Map()),
    ],
  )
}

const decide = (server: RedisServer, { uname, handle, beganAt }: Given) =>
  step(server, DECIDE_ENDS, [ENDING], [uname, memberOf(handle, beganAt)])

/** What is under way is left to whoever does it; this makes it as old as what a dead node left. */
async function letTimePass({ ask }: RedisServer): Promise<void> {
  const members = (await ask('ZRANGE', ENDING, '0', '-1')) as string[]
  for (const member of members) await ask('ZADD', ENDING, 'XX', 'INCR', '-11', member)
}

const revocation = { generation: 8, except: null }

describeWithRedis('a node that dies between two steps', () => {
  test('of a login leaves nothing that counts or is listed', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const user = await givenUser(store)
    await admit(server, newSession(user))
    expect(await idsOf(store, user.uname)).toEqual([])
    expect(await store.updateUser(user.uname, {}, revocation, noKeeper)).toEqual({ ended: 0 })
    expect(await server.ask('EXISTS', indexKey(user.uname), ENDING)).toBe(0)
    await store.close()
  })

  test('of a login that goes on after a revocation begins no session', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    for (const ending of ['revoked', 'deleted']) {
      const user = await givenUser(store)
      const login = newSession(user)
      const admittedAt = await admit(server, login)
      if (ending === 'revoked') await store.updateUser(user.uname, {}, revocation, noKeeper)
      else await store.deleteUser(user.uname, noKeeper)
      expect(await begin(server, login, admittedAt)).toBe('id_taken')
      expect(await isLive(store, login.id)).toBe(false)
    }
    await store.close()
  })

  test('of a login that goes on after minutes begins no session either', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const login = newSession(await givenUser(store))
    const admittedAt = Number(await admit(server, login))
    await expect(begin(server, login, admittedAt - 100)).rejects.toThrow(/^LATE/)
    expect(await isLive(store, login.id)).toBe(false)
    expect(await begin(server, login, admittedAt)).toBe('begun')
    expect(await isLive(store, login.id)).toBe(true)
    await store.close()
  })

  test('of a restoration leaves nothing that is listed, and another can restore the session', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const user = await givenUser(store)
    const { generation: _, ...session } = { ...newSession(user), usedAt: now, version: 9 }
    const announce = ({ id, uname, beganAt, latestEndsAt }: StoredSession) =>
      step(server, EXPECT, [indexKey(uname)], [memberOf(handleOf(id), beganAt), latestEndsAt])
    await announce(session)
    expect(await idsOf(store, user.uname)).toEqual([])
    expect(await isLive(store, session.id)).toBe(false)
    expect(await store.restoreSession(session, new Map())).toBe('restored')
    expect(await idsOf(store, user.uname)).toEqual([session.id])

    const revoked = { ...session, id: newId() }
    await announce(revoked)
    await store.updateUser(user.uname, {}, revocation, noKeeper)
    expect(await store.restoreSession(revoked, new Map())).toBe('id_taken')
    expect(await isLive(store, revoked.id)).toBe(false)
    expect(await idsOf(store, user.uname)).toEqual([])
    await store.close()
  })

  test('of an end is finished by whoever sweeps, and not before it could be dead', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const session = await givenSession(store)
    await decide(server, session)
    await store.sweepSessions(now - 1, 10)
    expect(await isLive(store, session.id)).toBe(true)
    await letTimePass(server)
    await store.sweepSessions(now - 1, 10)
    expect(await isLive(store, session.id)).toBe(false)
    expect(await server.ask('EXISTS', indexKey(session.uname), ENDING)).toBe(0)
    expect(await store.insertSession(newSession(session, { id: session.id }))).toBe('id_taken')
    await store.close()
  })

  test('of very many ends leaves nothing that one round of the sweep does not finish', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const user = await givenUser(store)
    const sessions = await Promise.all(times(450, () => givenSessionOf(store, user)))
    for (const session of sessions) await decide(server, session)
    await letTimePass(server)
    await store.sweepSessions(now - 1, 10)
    expect(await store.countSessions(user.uname, now)).toBe(0)
    expect(await server.ask('EXISTS', indexKey(user.uname), ENDING)).toBe(0)
    await store.close()
  })

  test('of an end does not keep a revocation from being complete', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const user = await givenUser(store)
    const [one, two] = [await givenSessionOf(store, user), await givenSessionOf(store, user)]
    await decide(server, one)
    expect(await store.updateUser(user.uname, {}, revocation, noKeeper)).toEqual({ ended: 2 })
    for (const { id } of [one, two]) expect(await isLive(store, id)).toBe(false)
    await store.close()
  })

  test('of an end has ended the session for a change that was to spare it', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const session = await givenSession(store)
    const sparing = { generation: 8, except: session.handle }
    await decide(server, session)
    expect(await store.updateUser(session.uname, {}, sparing, noKeeper)).toBe('changed')
    expect((await store.readUser(session.uname))?.generation).toBe(7)
    await store.close()
  })

  test('leaves an index that trims itself', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const user = await givenUser(store)
    const left = newSession(user)
    await admit(server, left)
    const day = 86_400_000
    for (const [later, count] of [
      [day - 1, 2],
      [day, 1],
    ] as const) {
      const beganAt = left.latestEndsAt + later
      const times = { beganAt, endsAt: beganAt + 1, latestEndsAt: beganAt + 1 }
      const { handle } = await givenSessionOf(store, user, times)
      expect(await server.ask('ZCARD', indexKey(user.uname))).toBe(count)
      await store.endSession(handle, null, 'revoked', beganAt)
    }
    await store.close()
  })

  test('of a login with the id of another user’s session has no part in that', async () => {
    await using server = await startRedis()
    const store = await openRedis(server.url)
    const { id } = await givenSession(store)
    const other = await givenUser(store)
    expect(await store.insertSession(newSession(other, { id }))).toBe('id_taken')
    expect(await idsOf(store, other.uname)).toEqual([])
    expect(await store.updateUser(other.uname, {}, revocation, noKeeper)).toEqual({ ended: 0 })
    expect(await isLive(store, id)).toBe(true)
    await store.close()
  })
})
