import { expect, test } from 'bun:test'
import { resolve } from 'node:path'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { placeOf } from '../../src/store/postgres/url.ts'
import { handleOf, type Store, type StoredUser } from '../../src/store/store.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { anyVersion, givenSession, givenUser, HOUR, MINUTE, newSession, noKeeper, now, put } from './given.ts'

/** Longer than anything here has to wait, unless it waits for something that waits for it. */
const reach = { timeout: 10_000, connections: 8, create: true }

const WRITER = resolve(import.meta.dir, 'postgres-writer.ts')

/** Numbers that look random and are the same in every run. */
function newRandom(seed: number) {
  let state = seed
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

/** What several clients of several nodes do to the same few users and sessions. */
function newCrowd(users: readonly StoredUser[]) {
  const random = newRandom(7)
  const ids: string[] = []
  const some = () => ids[random(ids.length)] ?? newSession(users[0] as StoredUser).id
  const user = () => users[random(users.length)] as StoredUser
  const logIn = (store: Store) => {
    const session = newSession(user(), { endsAt: now + (random(4) === 0 ? MINUTE : HOUR) })
    ids.push(session.id)
    if (ids.length > 60) ids.shift()
    return store.insertSession(session)
  }
  const use = (store: Store) => {
    const uses = Array.from({ length: 30 }, () => ({
      id: some(),
      usedAt: now + random(999),
      endsAt: now + HOUR,
    }))
    return store.touchSessions(uses, now)
  }
  const revocation = () => ({ generation: 7, except: null })
  return [
    logIn,
    logIn,
    logIn,
    use,
    use,
    (store: Store) =>
      put(store, some(), [
        ['a', 'x'],
        [`k${random(5)}`, 'y'],
      ]),
    (store: Store) =>
      put(store, some(), [
        [`k${random(5)}`, 'y'],
        ['a', 'x'],
      ]),
    (store: Store) => store.removeAttributes(some(), random(2) === 0 ? 'all' : ['a'], anyVersion),
    (store: Store) => store.endSession(handleOf(some()), null, 'revoked', now),
    (store: Store) => store.endSessions(10, now),
    (store: Store) => store.sweepSessions(now + 2 * MINUTE, 10),
    (store: Store) => store.updateUser(user().uname, { email: String(random(9)) }, null, noKeeper),
    (store: Store) => store.updateUser(user().uname, {}, revocation(), { ...noKeeper, keeper: 'keeper' }),
    async (store: Store) => {
      const gone = user()
      await store.deleteUser(gone.uname, { ...noKeeper, keeper: 'keeper' })
      await store.insertUser(gone)
    },
    (store: Store) => store.readSession(some(), 'all', now),
    (store: Store) => store.listSessions({ uname: user().uname }, null, 5, now),
  ].map((act) => ({ act, random }))
}

describeWithPostgres('locks', { conf: { fsync: 'off', deadlock_timeout: '20ms' } }, (server) => {
  test('whatever two nodes do to the same sessions and users, nobody waits for one who waits for him', async () => {
    const url = await server.newDatabase()
    const nodes = [await openPostgresStore(url, reach), await openPostgresStore(url, reach)] as const
    const users: StoredUser[] = []
    for (let i = 0; i < 4; i++) users.push(await givenUser(nodes[0], { roles: ['keeper'] }))
    const crowd = newCrowd(users)
    const client = async (node: Store) => {
      for (let i = 0; i < 150; i++) {
        const { act, random } = crowd[i % crowd.length] as (typeof crowd)[number]
        const acts = [act, (crowd[random(crowd.length)] ?? { act }).act]
        for (const each of acts) await each(node)
      }
    }
    await Promise.all(Array.from({ length: 16 }, (_, i) => client(nodes[i % 2] as Store)))
    for (const node of nodes) await node.close()
    const deadlocks = `SELECT deadlocks::integer FROM pg_stat_database WHERE datname = '${placeOf(url).database}'`
    expect((await server.run(deadlocks))[0]?.slice()).toEqual([0])
    await expectCountsRight(url)
  })

  /** What is counted on the row of a session is what hangs on it, and nothing hangs on none. */
  async function expectCountsRight(url: string): Promise<void> {
    const wrong = await server.run(
      `SELECT s.n FROM cloakroom.sessions s FULL JOIN (
           SELECT session, count(*) AS count, sum(octet_length(key) + octet_length(value)) AS bytes
             FROM cloakroom.attributes GROUP BY session
         ) a ON a.session = s.n
         WHERE s.n IS NULL OR s.count <> coalesce(a.count, 0) OR s.bytes <> coalesce(a.bytes, 0)
           OR s.sweep_at > s.ends_at`,
      url,
    )
    expect(wrong.length).toBe(0)
  }

  test('a login waits for a revocation under way, and is refused', async () => {
    const url = await server.newDatabase()
    const store = await openPostgresStore(url, reach)
    const user = await givenUser(store)
    const text = `SELECT * FROM cloakroom.update_user('${user.uname}', null, null, null, null, null, 8, null, null, ${now}, 'x', null)`
    await using held = await server.hold(url, text)
    const login = store.insertSession(newSession(user))
    expect(await Promise.race([login, server.waits(url)])).toBe('somebody waits')
    await held.commit()
    expect(await login).toBe('user_changed')
    await store.close()
  })

  test('a revocation waits for a login under way, and ends it', async () => {
    const url = await server.newDatabase()
    const store = await openPostgresStore(url, reach)
    const user = await givenUser(store)
    const text = `SELECT cloakroom.insert_session(sha256('x'), '${user.uname}', 7, ${now}, ${now + HOUR}, ${now + HOUR}, '', '')`
    await using held = await server.hold(url, text)
    const revocation = store.updateUser(user.uname, {}, { generation: 8, except: null }, noKeeper)
    expect(await Promise.race([revocation, server.waits(url)])).toBe('somebody waits')
    await held.commit()
    expect(await revocation).toEqual({ ended: 1 })
    expect((await store.listSessions({ uname: user.uname }, null, 9, now)).items).toEqual([])
    await store.close()
  })

  test('a login with the id of a session that is just being ended is refused', async () => {
    const url = await server.newDatabase()
    const store = await openPostgresStore(url, reach)
    const { id, uname, generation } = await givenSession(store)
    await using held = await server.hold(url, `SELECT cloakroom.end_sessions(10, ${now})`)
    const login = store.insertSession(newSession({ uname, generation }, { id }))
    expect(await Promise.race([login, server.waits(url)])).toBe('somebody waits')
    await held.commit()
    expect(await login).toBe('id_taken')
    expect(await store.readSession(id, [], now)).toBeNull()
    await store.close()
  })

  test('events are forgotten also while somebody finds out whether a user is the last of a role', async () => {
    const url = await server.newDatabase()
    const store = await openPostgresStore(url, reach)
    await givenUser(store, { roles: ['keeper'] })
    await using held = await server.hold(url, "SELECT cloakroom.is_last(u, 'keeper') FROM cloakroom.users u")
    const events = ['a', 'b', 'c'].map((text) => ({ at: now, kind: 'login', uname: null, text }))
    await store.appendEvents(events, { most: 1, since: 0 })
    await held.commit()
    expect((await store.listEvents({ since: 0 }, null, 9)).items).toEqual(events.slice(2))
    await store.close()
  })

  test('a node that is killed in the middle of puts leaves each whole or not at all, and none that was answered is lost', async () => {
    const url = await server.newDatabase()
    const store = await openPostgresStore(url, reach)
    for (let round = 0; round < 5; round++) {
      const { id } = await givenSession(store)
      const node = Bun.spawn([process.execPath, WRITER, url, id], { stdout: 'pipe', stderr: 'inherit' })
      let said = ''
      for await (const bytes of node.stdout) {
        said += new TextDecoder().decode(bytes)
        // As soon as it writes, and a little later in every round.
        if (said.split('\n').length > 2 + round * 3) node.kill('SIGKILL')
      }
      const answered = Number(
        said
          .trimEnd()
          .split('\n')
          .findLast((line) => /^\d+$/.test(line)),
      )
      await server.settled(url)
      const session = await store.readSession(id, 'all', now)
      const values = new Set(session?.attributes.values())
      expect(values.size).toBe(1)
      expect(session?.attributes.size).toBe(100)
      expect(values).toContain(`${Number(session?.version) - 1} ${'x'.repeat(1_000)}`)
      expect(Number(session?.version) - 1).toBeGreaterThanOrEqual(answered)
    }
    await store.close()
  })
})
