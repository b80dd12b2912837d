import { expect, test } from 'bun:test'
import { SetupError } from '../../src/errors.ts'
import { checkPostgres, openPostgresStore } from '../../src/store/postgres/open.ts'
import { LATEST } from '../../src/store/postgres/schema.ts'
import { describeWithPostgres, type PostgresServer } from '../support/postgres.ts'
import { errorOf } from './file.ts'
import { givenAttributes, givenSession, givenUser, HOUR, isLive, MINUTE, newSession, now } from './given.ts'
import { watch, wrote } from './watched.ts'

const reach = { timeout: 20_000, connections: 4 }
const open = (url: string) => openPostgresStore(url, { ...reach, create: true })

/** What each version did not have that the next one has, from the first on. */
const WITHOUT = [
  'DROP SEQUENCE cloakroom.restored; DROP FUNCTION cloakroom.restore_session;',
  'DROP TABLE cloakroom.events; DROP FUNCTION cloakroom.append_events;',
  'DROP TABLE cloakroom.nodes;',
  `DROP TABLE cloakroom.listeners, cloakroom.watched;
   DROP FUNCTION cloakroom.watch, cloakroom.unwatch, cloakroom.beat, cloakroom.leave, cloakroom.tell,
     cloakroom.end_locked(bigint[], text, bigint), cloakroom.end_session(bytea, bytea, text, text, bigint);`,
  'DROP FUNCTION cloakroom.require_in_time;',
  `ALTER TABLE cloakroom.events DROP COLUMN source;
   DROP FUNCTION cloakroom.append_events(bigint[], text[], text[], text[], text[], integer, bigint);`,
  '',
  `DROP FUNCTION cloakroom.insert_session(bytea, text, bigint, bigint, bigint, bigint, text, text, bigint);`,
  `DROP FUNCTION cloakroom.put_attributes(bytea, text[], text[], bigint, bigint, bigint, bigint, bigint, bigint);`,
]

/** Takes the schema of a database back to an earlier version. */
async function givenSchema(server: PostgresServer, url: string, version: number): Promise<void> {
  const without = WITHOUT.slice(version - 1).toReversed()
  await server.run(`${without.join('')} UPDATE cloakroom.schema_version SET version = ${version}`, url)
}

const versionIn = async (server: PostgresServer, url: string) =>
  (await server.run('SELECT version FROM cloakroom.schema_version', url))[0]?.[0]

describeWithPostgres('a schema of an earlier version', { conf: { fsync: 'off' } }, (server) => {
  test.each(WITHOUT.map((_, i) => i + 1))(
    'a schema of version %i is brought to this one, and keeps what is in it',
    async (version) => {
      const url = await server.newDatabase()
      const before = await open(url)
      const { id } = await givenSession(before)
      await before.close()
      await givenSchema(server, url, version)
      const store = await open(url)
      expect(await isLive(store, id)).toBe(true)
      const told = await watch(store, id)
      await givenAttributes(store, id, [['a', '1']])
      await told.expectTold([wrote(2, 'a')])
      told.close()
      const { generation: _, ...session } = { ...newSession(await givenUser(store)), usedAt: now, version: 9 }
      expect(await store.restoreSession(session, new Map())).toBe('restored')
      await store.noteNode({ name: 'a', text: 'b', endsAt: now + MINUTE }, now)
      const event = { at: now, kind: 'login', uname: null, source: 'users', text: '{}' }
      await store.appendEvents([event], { most: 10, since: 0 })
      expect((await store.listEvents({ since: 0 }, null, 10)).items).toEqual([event])
      await store.close()
    },
  )

  test.each(WITHOUT.map((_, i) => i + 1))(
    'a command leaves a schema of version %i as it is while older nodes use it, and a server upgrades it',
    async (version) => {
      const url = await server.newDatabase()
      const older = await open(url)
      const { id } = await givenSession(older)
      await older.noteNode({ name: 'older', text: '', endsAt: Date.now() + HOUR }, now)
      await givenSchema(server, url, version)
      const command = { ...reach, create: true, isServer: false }
      for (const alone of [false, true]) {
        const error = await errorOf(() => openPostgresStore(url, { ...command, alone }))
        expect(error).toBeInstanceOf(SetupError)
        const { message } = error as Error
        for (const part of [
          `schema ${version}`,
          `schema ${LATEST}`,
          'older version',
          'Update the servers first',
        ])
          expect(message).toContain(part)
      }
      expect(await versionIn(server, url)).toBe(version)
      expect(await checkPostgres(url)).toContain(
        `schema ${version}, which the next start of a server upgrades`,
      )
      const node = await open(url)
      expect(await versionIn(server, url)).toBe(LATEST)
      const beside = await openPostgresStore(url, command)
      // What nodes of that version call is still there.
      expect(await isLive(older, id)).toBe(true)
      expect(await isLive(beside, id)).toBe(true)
      for (const store of [older, node, beside]) await store.close()
    },
  )

  test.each(WITHOUT.map((_, i) => i + 1))(
    'a command upgrades a schema of version %i that no node uses, and keeps what is in it',
    async (version) => {
      const url = await server.newDatabase()
      const before = await open(url)
      const { id } = await givenSession(before)
      await before.noteNode({ name: 'dead', text: '', endsAt: Date.now() - 1 }, now)
      await before.close()
      await givenSchema(server, url, version)
      const store = await openPostgresStore(url, { ...reach, create: false, isServer: false })
      expect(await isLive(store, id)).toBe(true)
      expect(await versionIn(server, url)).toBe(LATEST)
      await store.close()
    },
  )
})
