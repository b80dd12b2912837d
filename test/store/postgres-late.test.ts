import { expect, test } from 'bun:test'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { placeOf } from '../../src/store/postgres/url.ts'
import { handleOf, type Store, type StoredUser } from '../../src/store/store.ts'
import { describeWithPostgres, type PostgresServer } from '../support/postgres.ts'
import { startProxy } from '../support/proxy.ts'
import { untilAnswered } from './answered.ts'
import { errorOf } from './file.ts'
import {
  anyVersion,
  attributesOf,
  givenSessionOf,
  givenUser,
  HOUR,
  isLive,
  MINUTE,
  newId,
  noKeeper,
  now,
  put,
} from './given.ts'
import { watch, wrote } from './watched.ts'

const hasty = { timeout: 400, connections: 2, create: true }
const patient = { ...hasty, timeout: 10_000 }

/** A node whose network can keep back what it sends, and another one whose network is well. */
async function openTwo(server: PostgresServer, reach: typeof hasty) {
  const proxy = startProxy(server.port)
  const url = await server.newDatabase()
  // A clock that can be set. It is found before that of PostgreSQL itself.
  await server.run(
    `CREATE TABLE public.clock (ahead interval); INSERT INTO public.clock VALUES ('0');
     CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS
       $$ BEGIN RETURN pg_catalog.clock_timestamp() + (SELECT ahead FROM public.clock); END $$;
     ALTER DATABASE ${placeOf(url).database} SET search_path = public, pg_catalog`,
    url,
  )
  const other = await openPostgresStore(url, patient)
  const node = await openPostgresStore(url.replace(`:${server.port}/`, `:${proxy.port}/`), reach)
  const user = await givenUser(other)
  const session = await givenSessionOf(other, user, { endsAt: now + MINUTE })
  return {
    proxy,
    url,
    node,
    other,
    user,
    ...session,
    setClock: (ahead: string) => server.run(`UPDATE public.clock SET ahead = '${ahead}'`, url),
    async [Symbol.asyncDispose]() {
      await Promise.all([node.close(), other.close()])
      await proxy[Symbol.asyncDispose]()
    },
  }
}

interface Given {
  readonly node: Store
  readonly other: Store
  readonly user: StoredUser
  readonly id: string
}

interface Late {
  readonly what: string
  /** Asked for and answered beforehand, so that the statement is known to the connection. */
  readonly warm: (given: Given) => Promise<unknown>
  /** Given up, and delivered late. */
  readonly early: (given: Given) => Promise<unknown>
  /** Answered meanwhile. */
  readonly later: (given: Given) => Promise<unknown>
  readonly seen: (given: Given) => Promise<unknown>
}

const email = async ({ other, user }: Given) => (await other.readUser(user.uname))?.email
const attributes = ({ other, id }: Given) => attributesOf(other, id)
const mail = (store: Store, { user }: Given, address: string) =>
  store.updateUser(user.uname, { email: address }, null, noKeeper)
const another = ({ user }: Given) => ({ ...user, uname: `${user.uname}-2` })
const touch = (store: Store, { id }: Given, usedAt: number) =>
  store.touchSessions([{ id, usedAt, endsAt: usedAt + MINUTE }], now)
const count = (store: Store, at: number) => store.addToCounter('c', 1, MINUTE, at)

const LATE: readonly Late[] = [
  {
    what: 'a put undoes no put',
    warm: (given) => put(given.node, given.id, [['a', '0']]),
    early: (given) => put(given.node, given.id, [['a', '1']]),
    later: (given) => put(given.other, given.id, [['a', '2']]),
    seen: attributes,
  },
  {
    what: 'a removal removes nothing that was put since',
    warm: ({ node, id }) => node.removeAttributes(id, 'all', anyVersion),
    early: ({ node, id }) => node.removeAttributes(id, 'all', anyVersion),
    later: ({ other, id }) => put(other, id, [['a', '2']]),
    seen: attributes,
  },
  {
    what: 'a change of a user undoes no change',
    warm: (given) => mail(given.node, given, '0@example.com'),
    early: (given) => mail(given.node, given, '1@example.com'),
    later: (given) => mail(given.other, given, '2@example.com'),
    seen: email,
  },
  {
    what: 'the deletion of a user does not delete one that was made since',
    warm: ({ node }) => node.deleteUser('nobody', noKeeper),
    early: ({ node, user }) => node.deleteUser(user.uname, noKeeper),
    later: async ({ other, user }) => {
      await other.deleteUser(user.uname, noKeeper)
      await other.insertUser({ ...user, email: '2@example.com' })
    },
    seen: email,
  },
  {
    what: 'a user does not come who was deleted since',
    warm: ({ node, user }) => node.insertUser(user),
    early: (given) => given.node.insertUser(another(given)),
    later: async (given) => {
      await given.other.insertUser(another(given))
      await given.other.deleteUser(another(given).uname, noKeeper)
    },
    seen: ({ other }) => other.listUsers(null, 10),
  },
  {
    what: 'a login begins no session after the end of all',
    warm: ({ node, user }) => givenSessionOf(node, { ...user }),
    early: ({ node, user }) => givenSessionOf(node, user),
    later: ({ other }) => other.endSessions(10, now),
    seen: ({ other }) => other.countSessions(null, now),
  },
  {
    what: 'an end does not end a session that was written since',
    warm: ({ node }) => node.endSession(handleOf(newId()), null, 'logout', now),
    early: ({ node, id }) => node.endSession(handleOf(id), null, 'logout', now),
    later: ({ other, id }) => put(other, id, [['a', '2']]),
    seen: attributes,
  },
  {
    what: 'the end of all does not end a session that began since',
    warm: ({ node }) => node.endSessions(10, now + HOUR),
    early: ({ node }) => node.endSessions(10, now),
    later: ({ other, user }) => givenSessionOf(other, user),
    seen: ({ other }) => other.countSessions(null, now),
  },
  {
    what: 'a use does not bring back a session that has ended by itself',
    warm: (given) => touch(given.node, given, now),
    early: (given) => touch(given.node, given, now + MINUTE - 1),
    later: async ({ other, id }) => expect(await isLive(other, id, now + MINUTE)).toBe(false),
    seen: ({ other, id }) => isLive(other, id, now + MINUTE),
  },
  {
    what: 'what is counted does not begin anew',
    warm: ({ node }) => count(node, now - HOUR),
    early: ({ node }) => count(node, now),
    later: async ({ other }) => {
      for (let i = 1; i <= 3; i++) await count(other, now + i)
    },
    seen: ({ other }) => other.addToCounter('c', 0, MINUTE, now + 4),
  },
]

describeWithPostgres('a write that arrives late', { conf: { fsync: 'off' } }, (server) => {
  test.each([...LATE])('$what', async ({ warm, early, later, seen }) => {
    await using given = await openTwo(server, hasty)
    await untilAnswered(() => warm(given))
    const arrive = given.proxy.holdBack()
    expect(await errorOf(() => early(given))).toMatchObject({ code: 'store_unavailable' })
    await later(given)
    const before = await seen(given)
    await arrive()
    expect(await seen(given)).toEqual(before)
  })

  test('a put that arrives in time and gets its row late does nothing', async () => {
    const reach = { ...hasty, timeout: 2_000 }
    await using given = await openTwo(server, reach)
    const { node, other, url, id } = given
    await untilAnswered(() => put(node, id, [['a', '0']]))
    await using held = await server.hold(url, 'SELECT FROM cloakroom.sessions FOR UPDATE')
    const arrive = given.proxy.holdBack()
    const refused = errorOf(() => put(node, id, [['a', '1']]))
    // Before the node gives it up, and late enough for PostgreSQL to wait until after that.
    await Bun.sleep(reach.timeout * 0.4)
    const arrived = arrive()
    expect(await refused).toMatchObject({ code: 'store_unavailable' })
    await held.commit()
    await arrived
    expect(await attributesOf(other, id)).toEqual([['a', '0']])
  })

  test('a put does nothing either when the one before was on another server, whose clock went otherwise', async () => {
    await using given = await openTwo(server, hasty)
    const { proxy, node, other, id } = given
    await untilAnswered(() => put(node, id, [['a', '0']]))
    await given.setClock('-1 hour')
    proxy.cut()
    await untilAnswered(() => put(node, id, [['a', '0']]))
    const arrive = proxy.holdBack()
    expect(await errorOf(() => put(node, id, [['a', '1']]))).toMatchObject({ code: 'store_unavailable' })
    await put(other, id, [['a', '2']])
    await arrive()
    expect(await attributesOf(other, id)).toEqual([['a', '2']])
  })

  test('what lets go of a session does not let go of one that is watched again', async () => {
    await using given = await openTwo(server, hasty)
    const { proxy, url, node, other, id } = given
    await untilAnswered(async () => (await watch(node, id)).close())
    const watched = () => server.run('SELECT FROM cloakroom.watched', url)
    while ((await watched()).length > 0);
    const before = await watch(node, id)
    const arrive = proxy.holdBack()
    before.close()
    // It waits until the other has been given up.
    const told = await watch(node, id)
    await arrive()
    await put(other, id, [['a', '1']])
    await told.expectTold([wrote(2, 'a')])
  })

  test('writes go on when the clock of the database is set', async () => {
    await using given = await openTwo(server, patient)
    const { node, id } = given
    await put(node, id, [['a', '1']])
    await given.setClock('1 hour')
    expect(await put(node, id, [['a', '2']])).toMatchObject({ version: 3 })
    expect(await put(node, id, [['a', '3']])).toMatchObject({ version: 4 })
  })
})
