import { expect, test } from 'bun:test'
import { blocksOf } from '../docs/markdown.ts'
import { givenUser, logIn } from '../support/client.ts'
import { describeWithPostgres, GUARDED, PASSWORD } from '../support/postgres.ts'
import { openPlace } from '../support/process.ts'
import { startServer, type TestServer } from '../support/server.ts'

const statusesOf = async (server: TestServer) =>
  Promise.all(['/healthz', '/readyz'].map(async (path) => (await fetch(server.url + path)).status))

describeWithPostgres('servers that share a database', {}, (postgres) => {
  test('what was done on one node holds for the next request on the other', async () => {
    const store = await postgres.newDatabase()
    await using one = await startServer({ store })
    await using other = await startServer({ store })
    const { uname, password } = await givenUser(one, 'alice')
    const [here, there] = [await logIn(one, { uname, password }), await logIn(other, { uname, password })]
    const acrossFrom = { headers: { cookie: here.cookie } }
    await here.json('/session/put', { a: '1' })
    const read = await fetch(`${other.url}/session/get`, acrossFrom)
    expect([read.status, await read.json()]).toEqual([200, { a: '1' }])
    await there.json('/session/revoke', { others: 'true' })
    expect((await fetch(`${other.url}/session/get`, acrossFrom)).status).toBe(401)
    expect((await here.ask('/session/get')).status).toBe(401)
    expect((await here.ask('/session/put', { a: '2' })).status).toBe(401)
    const admin = await logIn(other)
    await admin.json('/admin/users/update', { uname, disabled: 'true' })
    await expect(logIn(one, { uname, password })).rejects.toThrow('401')
  })

  test('what the database could not take is nowhere, and no fault of the store', async () => {
    await using server = await startServer({ store: await postgres.newDatabase() })
    const admin = await logIn(server)
    const codeOf = async (path: string, body: Record<string, string> | null = null) => {
      const answer = await admin.ask(path, body)
      const { code = null } = (await answer.json()) as { code?: string }
      return [answer.status, code]
    }
    for (const path of ['users/list?after=a%00', 'sessions/list?after=1:aaaaaaaaaaaaaaaaaaaaaa'])
      expect([path, await codeOf(`/admin/${path}`)]).toEqual([path, [200, null]])
    for (const path of ['users/delete', 'sessions/revoke'])
      expect(await codeOf(`/admin/${path}`, { uname: 'a\0' })).toEqual([404, 'no_such_user'])
    expect(server.log.filter((line) => line.includes('"fault"'))).toEqual([])
  })

  test('a server starts on what the guide says to make', async () => {
    const statements = blocksOf('docs/operating.md').filter(({ language }) => language === 'sql')
    expect(statements).toHaveLength(1)
    for (const statement of statements[0]?.content.split(';\n') ?? []) await postgres.run(statement)
    await using server = await startServer({ store: postgres.url('cloakroom', 'cloakroom') })
    expect(await statusesOf(server)).toEqual([200, 200])
  })

  test('a cookie from before the login that one node gave is taken by the other', async () => {
    const store = await postgres.newDatabase()
    await using one = await startServer({ store })
    await using other = await startServer({ store })
    const given = await fetch(`${one.url}/index.csp`)
    const cookie = given.headers.get('set-cookie')?.split(';')[0] ?? ''
    const { uname, password } = await givenUser(one, 'alice')
    const answer = await fetch(`${other.url}/z_security_check`, {
      method: 'POST',
      body: new URLSearchParams({ z_username: uname, z_password: password, z_csrf_protection: 'off' }),
      headers: { accept: 'application/json', cookie },
    })
    expect(answer.status).toBe(200)
    expect((await fetch(`${one.url}/session/get`, { headers: { cookie } })).status).toBe(200)
  })

  test('whoever guesses is slowed though the guesses go to several nodes', async () => {
    const store = await postgres.newDatabase()
    const toml = '[login]\nuser-attempts = 4'
    await using one = await startServer({ store, toml })
    await using other = await startServer({ store, toml })
    for (let i = 0; i < 4; i++)
      await expect(logIn(i % 2 === 0 ? one : other, { password: 'wrong password' })).rejects.toThrow('401')
    for (const server of [one, other])
      await expect(logIn(server, { password: 'wrong password' })).rejects.toThrow('429')
  })

  test('the command line works beside a server, and neither says the password', async () => {
    const url = await postgres.newDatabase()
    await postgres.run(`GRANT CREATE ON DATABASE ${new URL(url).pathname.slice(1)} TO ${GUARDED}`)
    const secret = encodeURIComponent(PASSWORD)
    const env = {
      CLOAKROOM_STORE: url.replace('owner@', `${GUARDED}:${secret}@`),
      CLOAKROOM_ADMIN_PASSWORD: 'a password of the admin',
    }
    await using place = openPlace()
    const before = await place.run(['check'], { env })
    expect([before.code, before.out]).toEqual([0, expect.stringContaining('no schema cloakroom yet')])
    const server = await place.serve([], env)
    const after = await place.run(['check', '--deep'], { env })
    expect([after.code, after.out]).toEqual([0, expect.stringMatching(/Cloakroom database, schema \d+\./)])
    expect(after.out).toContain(`postgres://${GUARDED}@127.0.0.1:${postgres.port}/`)
    const { cookie } = await server.logIn('admin', env.CLOAKROOM_ADMIN_PASSWORD)
    expect(await server.get('/session/get', cookie)).toBe(200)
    const revoked = await place.run(['session', 'revoke', '--all'], { env })
    expect([revoked.code, revoked.out]).toEqual([0, '1 session ended.\n'])
    expect(await server.get('/session/get', cookie)).toBe(401)
    const backup = await place.run(['backup', 'copy.db'], { env })
    expect([backup.code, backup.err]).toEqual([2, expect.stringContaining('pg_dump')])
    server.kill('SIGTERM')
    const { code, out, err } = await server.ended
    expect(code).toBe(0)
    expect(out).toContain(`"store":"postgres://${GUARDED}@127.0.0.1:${postgres.port}/`)
    for (const said of [out, err, ...[before, after, revoked, backup].flatMap((ran) => [ran.out, ran.err])]) {
      expect(said).not.toContain(secret)
      expect(said).not.toContain(PASSWORD)
    }
  })
})
