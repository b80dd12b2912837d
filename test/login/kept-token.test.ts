import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Passwords } from '../../src/login/passwords.ts'
import { idOf, type Token } from '../../src/session/token.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { handleOf, type Store } from '../../src/store/store.ts'
import { openAlone, openBeside } from '../store/file.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { describeWithRedis, openRedis, startRedis } from '../support/redis.ts'
import { type LoginNode, newLoginNode, PASSWORD } from './login-node.ts'

/** Of all nodes here, since each has threads of its own. */
const passwords = new Passwords(2, { memoryCost: 8, timeCost: 1 })
const newNode = (store: Store) => newLoginNode(store, passwords)

/** The token that a login as bob with these tokens answers with. */
const tokenFor = async ({ logIn }: LoginNode, presented: readonly Token[], password = PASSWORD) =>
  (await logIn({ presented, password })).token

/** More than a login has. */
const STEPS = 60

/** A store that does something before its step of this number. */
function interrupted(store: Store, step: number, act: () => Promise<unknown>): Store {
  let count = 0
  const before =
    <A extends unknown[], R>(method: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (++count === step) await act()
      return method(...args)
    }
  return {
    ...store,
    readUser: before(store.readUser),
    readSession: before(store.readSession),
    insertSession: before(store.insertSession),
  }
}

/** What may happen on another node while a program logs in again. */
type Happening = (node: LoginNode, token: Token) => Promise<unknown>

const happenings: Readonly<Record<string, Happening>> = {
  'a logout': ({ sessions }, token) => sessions.end(token),
  'a revocation of the session': ({ sessions }, token) => sessions.revoke(handleOf(idOf(token)), null),
  'a revocation of all sessions of the user': ({ users }) => users.endSessions('bob', null),
  'disabling the user': ({ users }) => users.update('bob', { disabled: true }),
  'deleting the user': ({ users }) => users.delete('bob'),
  'another password by the user': ({ users }, token) =>
    users.changePassword('bob', PASSWORD, 'quite another one', handleOf(idOf(token))),
  'another password by an admin': async ({ users }) =>
    users.update('bob', { passwordHash: await users.hashNew('quite another one', {}) }),
}

/** After this one the session goes on, and the old password is wrong. */
const STAYING = 'another password by the user'

/** Events after which no login with what held before may succeed. */
const STOPPING = ['disabling the user', 'deleting the user', 'another password by an admin']

interface Nodes {
  readonly store: Store
  readonly there: LoginNode
  readonly token: Token
}

/** Logs in again with a token while something happens before this step. Null: there is no such step. */
async function logInDuring(act: Happening, step: number, { store, there, token }: Nodes) {
  let happened = false
  const node = newNode(
    interrupted(store, step, async () => {
      happened = true
      await act(there, token)
    }),
  )
  const result = await tokenFor(node, [token]).catch((error: { code: string }) => error.code)
  const live = (await there.sessions.list({ uname: 'bob' }, null, 10)).items.map(({ id }) => id)
  return happened ? { token, result, live } : null
}

/** The ids of the sessions that are to be live after a login during which something happened. */
function expectedLive(name: string, { token, result }: { token: Token; result: string }): string[] {
  if (name === STAYING) return [idOf(token)]
  // Else it ended before the login, which then began a session of its own, or after it.
  const isOwn = result !== token && result !== 'wrong_credentials' && !STOPPING.includes(name)
  return isOwn ? [idOf(result)] : []
}

function keepsTokens(what: string, open: () => Promise<{ store: Store; other: Store }>) {
  const given = async () => {
    const { store, other } = await open()
    const there = newNode(other)
    const passwordHash = await there.users.hashNew(PASSWORD, {})
    await there.users.create('root', { passwordHash, roles: ['admin'] })
    const remake = async () => {
      await there.users.delete('bob').catch(() => 0)
      await there.users.create('bob', { passwordHash })
      const token = there.sessions.newPreLoginToken()
      expect(await tokenFor(newNode(store), [token])).toBe(token)
      await there.sessions.put(token, [['a', '1']], null)
      return token
    }
    return { store, other, there, remake }
  }

  test(`${what}: a program that logs in again keeps the session of its token, with all that it has`, async () => {
    const { store, there, remake } = await given()
    const token = await remake()
    const before = await there.sessions.look(token, 'all')
    expect(await tokenFor(newNode(store), [token])).toBe(token)
    expect(await there.sessions.look(token, 'all')).toEqual(before)
    const refusal = await tokenFor(newNode(store), [token], 'wrong').catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'wrong_credentials' })
    expect(await there.sessions.look(token, 'all')).toEqual(before)
  })

  test(`${what}: of two logins at once with one token both go on with one session`, async () => {
    const { store, there, remake } = await given()
    await remake()
    for (let step = 1; step < STEPS; step++) {
      const token = there.sessions.newPreLoginToken()
      const outcome = await logInDuring((node) => tokenFor(node, [token]), step, { store, there, token })
      if (outcome === null) break
      expect([step, outcome.result]).toEqual([step, token])
      await there.sessions.end(token)
    }
  })

  test(`${what}: no login revives a session that ends meanwhile, at whichever step`, async () => {
    const { store, there, remake } = await given()
    for (const [name, act] of Object.entries(happenings)) {
      for (let step = 1; step < STEPS; step++) {
        const outcome = await logInDuring(act, step, { store, there, token: await remake() })
        if (outcome === null) break
        const { result, live } = outcome
        expect([name, step, result, live]).toEqual([name, step, result, expectedLive(name, outcome)])
      }
    }
  })
}

keepsTokens('memory', async () => {
  const store = openMemoryStore()
  return { store, other: store }
})

const folders: string[] = []
const stores: Store[] = []
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})
keepsTokens('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-test-'))
  folders.push(folder)
  const path = join(folder, 'cloakroom.db')
  const store = await openAlone(path)
  const other = await openBeside(path)
  stores.push(other, store)
  return { store, other }
})

describeWithRedis('with Redis', () => {
  const server = startRedis()
  afterAll(async () => (await server)[Symbol.asyncDispose]())
  keepsTokens('Redis', async () => {
    const { url, ask } = await server
    await ask('FLUSHALL')
    return { store: await openRedis(url), other: await openRedis(url) }
  })
})

describeWithPostgres('with PostgreSQL', { conf: { fsync: 'off' } }, (server) => {
  keepsTokens('PostgreSQL', async () => {
    const url = await server.newDatabase()
    const open = () => openPostgresStore(url, { timeout: 5_000, connections: 4, create: true })
    return { store: await open(), other: await open() }
  })
})
