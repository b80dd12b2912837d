import { expect, test } from 'bun:test'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { givenUser, HOUR, now } from './given.ts'

const insert = (uname: string, from: number, to: number) => `
  INSERT INTO cloakroom.sessions
      (id, uname, began_at, used_at, ends_at, latest_ends_at, sweep_at, version, count, bytes, address, user_agent)
    SELECT sha256(i::text::bytea), '${uname}', ${now}, ${now}, ${now + HOUR}, ${now + HOUR}, ${now + HOUR}, 1, 0, 0, '', ''
      FROM generate_series(${from}, ${to}) AS i`

describeWithPostgres('many sessions', { conf: { fsync: 'off' } }, (server) => {
  test('up to 100,000 sessions are counted, beyond that they are estimated, and those of a user are always counted', async () => {
    const url = await server.newDatabase()
    const store = await openPostgresStore(url, { timeout: 20_000, connections: 4, create: true })
    const { uname } = await givenUser(store)
    const { uname: rare } = await givenUser(store)
    await server.run(insert(uname, 1, 99_997), url)
    await server.run(insert(rare, 200_001, 200_003), url)
    expect(await store.countSessions(null, now)).toBe(100_000)
    expect(await store.countSessions(null, now + HOUR)).toBe(0)
    // Whatever the planner thinks: it has not looked yet.
    await server.run(insert(uname, 99_998, 99_998), url)
    expect(await store.countSessions(null, now)).toBeGreaterThan(100_000)
    await server.run(insert(uname, 99_999, 149_997), url)
    await server.run('ANALYZE cloakroom.sessions', url)
    const estimated = await store.countSessions(null, now)
    expect(Math.abs(estimated - 150_000)).toBeLessThan(7_500)
    expect(await store.countSessions(uname, now)).toBe(149_997)
    expect(await store.countSessions(rare, now)).toBe(3)
    await store.close()
  })
})
