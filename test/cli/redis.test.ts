import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openPlace } from '../support/process.ts'
import { describeWithRedis, startRedis } from '../support/redis.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

const SECRET = 'hunter2'

describeWithRedis('servers on Redis', () => {
  test('are one server, also for the command line, and never tell the password', async () => {
    await using redis = await startRedis(['--requirepass', SECRET])
    await using place = openPlace()
    const url = redis.url.replace('//', `//:${SECRET}@`)
    const shown = redis.url.replace('//', '//***@')
    const flags = ['--store', url]
    const [one, two] = await Promise.all([place.serve(flags), place.serve(flags)])
    const { cookie } = await one.logIn('admin', ADMIN_PASSWORD)
    expect(await two.get('/session/info', cookie)).toBe(200)

    const check = await place.run(['check', ...flags])
    expect(check.out).toContain(`${shown} answers: Redis 7`)
    const backup = await place.run(['backup', 'copy', ...flags])
    expect([backup.code, backup.err]).toEqual([
      2,
      expect.stringContaining('Redis has its own: copy its RDB file'),
    ])
    const revoked = await place.run(['session', 'revoke', '--user', 'admin', ...flags])
    expect(revoked.out).toBe('1 session ended.\n')
    for (const server of [one, two]) expect(await server.get('/session/info', cookie)).toBe(401)

    await redis.kill()
    for (const server of [one, two]) {
      expect(await server.get('/session/info', cookie)).toBe(503)
      expect(await server.get('/readyz', '')).toBe(503)
      expect(await server.get('/healthz', '')).toBe(200)
      expect(server.out).toContain(shown)
    }
    const away = await place.run(['check', ...flags])
    expect([away.code, away.err]).toEqual([2, expect.stringContaining('There is no Redis that answers')])
    for (const { out, err } of [one, two, check, backup, revoked, away])
      expect(out + err).not.toContain(SECRET)
  })
  test('a command ends when its work is done, however long it would have waited for an answer', async () => {
    await using redis = await startRedis()
    await using place = openPlace()
    writeFileSync(join(place.folder, 'settings.toml'), '[redis]\ntimeout = "1m"\n')
    const flags = ['--store', redis.url, '--config', 'settings.toml']
    // Those who write and those who only read.
    const added = await place.run(['user', 'add', 'ada', ...flags], { input: `${ADMIN_PASSWORD}\n` })
    expect([added.code, added.err]).toEqual([0, ''])
    const listed = await place.run(['user', 'list', ...flags])
    expect([listed.code, listed.out]).toEqual([0, expect.stringContaining('ada')])
  })
})
