import { expect, test } from 'bun:test'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { givenFolder } from '../store/file.ts'
import { givenUser as givenStoredUser, newId, now as then, times } from '../store/given.ts'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Listed {
  readonly handle: string
  readonly uname: string
  readonly address: string
}

interface Page {
  readonly sessions: readonly Listed[]
  readonly next: string | null
}

/** Everything that a list has, page by page, and not only up to the first that is empty. */
async function listed(client: Client, query: Record<string, string>): Promise<readonly Listed[]> {
  const found: Listed[] = []
  let after: string | null = null
  do {
    const params = new URLSearchParams({ ...query, ...(after === null ? {} : { after }) })
    const page = (await client.json(`/admin/sessions/list?${params}`)) as Page
    found.push(...page.sessions)
    after = page.next
  } while (after !== null)
  return found
}

const handleOf = async (client: Client) => ((await client.json('/session/info')) as Listed).handle

/** A login from behind the proxy that the server trusts; its handle. */
async function logInFrom(server: TestServer, address: string, who: { uname: string; password: string }) {
  const answer = await fetch(`${server.url}/z_security_check`, {
    method: 'POST',
    headers: { accept: 'application/json', 'x-forwarded-for': address },
    body: new URLSearchParams({
      z_username: who.uname,
      z_password: who.password,
      z_csrf_protection: 'off',
    }),
  })
  const headers = { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' }
  const info = await fetch(`${server.url}/session/info`, { headers })
  return ((await info.json()) as Listed).handle
}

test('an admin finds sessions by user, address and handle, and by all of them at once', async () => {
  await using server = await startServer({ toml: 'trusted-proxies = ["127.0.0.1"]' })
  const [alice, bob] = [await givenUser(server, 'alice'), await givenUser(server, 'bob')]
  const admin = await logIn(server)
  const a = await logInFrom(server, '203.0.113.7', alice)
  const b = await logInFrom(server, '203.0.113.7', bob)
  const c = await logInFrom(server, '203.0.113.70', bob)
  const handles = async (query: Record<string, string>) =>
    (await listed(admin, query)).map(({ handle }) => handle)
  expect((await handles({ address: '203.0.113.7' })).toSorted()).toEqual([a, b].toSorted())
  expect(await handles({ address: '203.0.113.7', uname: 'bob' })).toEqual([b])
  expect(await listed(admin, { handle: c })).toMatchObject([
    { handle: c, uname: 'bob', address: '203.0.113.70' },
  ])
  expect(await handles({ handle: c, address: '203.0.113.7' })).toEqual([])
  expect(await handles({ handle: c.slice(0, 21) })).toEqual([])
  expect(await handles({ address: '198.51.100.1' })).toEqual([])
})

test('an admin is told how many sessions there are, of a user and of all, and nobody else is', async () => {
  await using server = await startServer()
  const bob = await givenUser(server, 'bob')
  const [admin, one] = [await logIn(server), await logIn(server, bob), await logIn(server, bob)]
  expect(await admin.json('/admin/sessions/count?uname=bob')).toEqual({ sessions: 2 })
  expect(await admin.json('/admin/sessions/count?uname=nobody')).toEqual({ sessions: 0 })
  // Making bob took a login of its own.
  expect(await admin.json('/admin/sessions/count')).toEqual({ sessions: 4 })
  await one.json('/session/invalidate')
  expect(await admin.json('/admin/sessions/count?uname=bob')).toEqual({ sessions: 1 })
  server.now += 30 * 60_000 - 1
  expect(await handleOf(admin)).toBeString()
  server.now += 1
  expect(await admin.json('/admin/sessions/count')).toEqual({ sessions: 1 })
  const refused = await (await logIn(server, bob)).ask('/admin/sessions/count')
  expect([refused.status, await refused.json()]).toEqual([
    403,
    expect.objectContaining({ code: 'role_missing' }),
  ])
})

test('sessions that were brought along from another store are listed to their last page', async () => {
  using folder = givenFolder()
  const store = await openSqliteStore(folder.at('s.db'), { alone: true, create: true })
  const { uname } = await givenStoredUser(store)
  const ids = times(5, () => newId())
  for (const id of ids) {
    const ends = { endsAt: then + 1e9, latestEndsAt: then + 1e9 }
    const whence = { address: '192.0.2.1', userAgent: '' }
    await store.restoreSession(
      { id, uname, beganAt: then, usedAt: then, version: 1, ...ends, ...whence },
      new Map(),
    )
  }
  await store.close()
  await using server = await startServer({ store: `sqlite:${folder.at('s.db')}` })
  const found = await listed(await logIn(server), { uname, limit: '2' })
  expect(found.map(({ handle }) => handle)).toEqual(ids.map((id) => id.slice(0, 22)))
})
