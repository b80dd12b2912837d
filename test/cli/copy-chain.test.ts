import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { givenUser, HOUR, newSession } from '../store/given.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { openPlace, type ServerProcess } from '../support/process.ts'
import { describeWithRedis, startRedis } from '../support/redis.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

const SECRET = 'hunter2'

async function attributesOf({ url }: ServerProcess, cookie: string) {
  const answer = await fetch(`${url}/session/get`, { headers: { cookie } })
  return { status: answer.status, etag: answer.headers.get('etag'), attributes: await answer.json() }
}

async function stop(server: ServerProcess): Promise<void> {
  server.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)
}

/** A store in a file with one user and so many sessions. */
async function fill(path: string, sessions: number): Promise<void> {
  const store = await openSqliteStore(path, { alone: true, create: true })
  const { uname } = await givenUser(store)
  const now = Date.now()
  const restoring = Array.from({ length: sessions }, (_, i) => {
    const { generation: _generation, ...login } = newSession({ uname, generation: 0 }, { beganAt: now - i })
    const times = { usedAt: now, endsAt: now + HOUR, latestEndsAt: now + HOUR, version: 2 }
    return store.restoreSession({ ...login, ...times }, new Map([['i', `${i}`]]))
  })
  await Promise.all(restoring)
  await store.close()
}

describeWithRedis('with Redis', () => {
  test('a copy whose target goes away says so, and goes on when it is called again', async () => {
    await using redis = await startRedis()
    await using place = openPlace()
    await fill(join(place.folder, 'old.db'), 10_000)
    const args = ['copy', '--from', 'sqlite:old.db', '--to', redis.url]
    const broken = place.startOnTerminal(args)
    await broken.said(/Copying \S+ \d+% \((\d{3}|[1-6],\d{3}) of/)
    await redis.kill()
    const { code, out } = await broken.ended
    expect([code, out]).toEqual([2, expect.stringContaining('The copy was broken off. ')])
    await redis.restart()
    const again = await place.run(args)
    expect([again.code, again.out]).toEqual([0, expect.stringMatching(/Of them 1 user and [\d,]+ sessions/)])
  })

  describeWithPostgres('and PostgreSQL', {}, (postgres) => {
    test('who logged in to a file stays logged in on Redis, PostgreSQL and a file again', async () => {
      await using redis = await startRedis(['--requirepass', SECRET])
      await using place = openPlace()
      const first = `sqlite:${join(place.data, 'cloakroom.db')}`
      const onRedis = redis.url.replace('//', `//:${SECRET}@`)
      const onPostgres = await postgres.newDatabase()
      const last = 'sqlite:moved/cloakroom.db'

      const before = await place.serve()
      const { cookie } = await before.logIn('admin', ADMIN_PASSWORD)
      const { cookie: ended } = await before.logIn('admin', ADMIN_PASSWORD)
      for (const pair of ['a=1', 'b=%F0%9F%98%80', `large=${'x'.repeat(9_000)}`]) {
        expect(await before.get(`/session/put?${pair}`, cookie)).toBe(200)
      }
      expect(await before.get('/session/invalidate', ended)).toBe(200)
      const had = await attributesOf(before, cookie)
      expect([had.status, had.etag]).toEqual([200, expect.stringMatching(/^"[-\w]{22}\.4"$/)])
      await stop(before)

      for (const [from, to] of [
        [first, onRedis],
        [onRedis, onPostgres],
        [onPostgres, last],
      ] as const) {
        const { code, out, err } = await place.run(['copy', '--from', from, '--to', to])
        expect([code, out]).toEqual([0, expect.stringContaining('1 user and 1 session of')])
        expect(out + err).not.toContain(SECRET)
        const again = await place.run(['copy', '--from', from, '--to', to])
        expect([again.code, again.out]).toEqual([0, expect.stringContaining('Of them 1 user and 1 session')])
      }

      const after = await place.serve(['--data', 'moved'], {})
      expect(await attributesOf(after, cookie)).toEqual(had)
      expect(await after.get('/session/info', cookie)).toBe(200)
      expect(await after.get('/session/get', ended)).toBe(401)
      const stale = await fetch(`${after.url}/session/put?c=3`, {
        method: 'POST',
        headers: { cookie, 'if-match': '"1"' },
      })
      expect(stale.status).toBe(412)
      const put = await fetch(`${after.url}/session/put?c=3`, {
        method: 'POST',
        headers: { cookie, 'if-match': had.etag ?? '' },
      })
      expect(put.status).toBe(200)
      expect((await after.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)

      // What has gone on elsewhere since is not overwritten.
      await stop(after)
      const back = await place.run(['copy', '--from', first, '--to', last])
      expect([back.code, back.err]).toEqual([2, expect.stringContaining('that the source has not')])
    })
  })
})
