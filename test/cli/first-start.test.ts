import { expect, test } from 'bun:test'
import { closeSync, constants, existsSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describeWithPostgres } from '../support/postgres.ts'
import { openPlace, type Place, type ServerProcess } from '../support/process.ts'
import { describeWithRedis, startRedis } from '../support/redis.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

/** What the first start says, all of it. */
const ANNOUNCEMENT = /with the password\s+(\S+)\s+It is shown/

test.concurrent('port 0 picks a free port, and the log says which', async () => {
  await using place = openPlace()
  const server = await place.serve()
  expect(server.port).toBeGreaterThan(0)
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
})

test.concurrent('the first start makes admin with the password that the environment names, and tells it nobody', async () => {
  await using place = openPlace()
  const server = await place.serve()
  expect((await server.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)
  expect(server.out + server.err).not.toContain(ADMIN_PASSWORD)
  expect(server.err).toBe('')
})

test.concurrent('without one it makes a random one, and says it once, on standard error and not in the log', async () => {
  await using place = openPlace()
  const server = await place.serve([], {})
  const [, password = ''] = await server.said(ANNOUNCEMENT)
  expect(password.length).toBeGreaterThanOrEqual(16)
  expect((await server.logIn('admin', password)).status).toBe(200)
  expect(server.out).not.toContain(password)
  server.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)

  const again = await place.serve([], {})
  expect((await again.logIn('admin', password)).status).toBe(200)
  again.kill('SIGTERM')
  const { out, err } = await again.ended
  expect(err).toBe('')
  expect(out).not.toContain(password)
})

/** A pipe without room, whose reader reads only when it is told to. */
function openFullPipe(place: Place) {
  const path = join(place.folder, 'pipe')
  Bun.spawnSync(['mkfifo', path])
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  for (const size of [4_096, 1]) {
    try {
      for (;;) writeSync(descriptor, 'x'.repeat(size))
    } catch {
      // It is full.
    }
  }
  const bytes = Buffer.alloc(65_536)
  return {
    descriptor,
    /** What was written into it since the last time, all of it. */
    read(): string {
      try {
        return bytes.toString('utf8', 0, readSync(descriptor, bytes))
      } catch {
        return ''
      }
    },
    [Symbol.dispose]: () => closeSync(descriptor),
  }
}

async function becomesReady(server: ServerProcess): Promise<void> {
  while ((await server.get('/readyz', '')) !== 200) await Bun.sleep(5)
}

test.concurrent('until the first admin can log in, /readyz and logins are busy, and no password counts as wrong', async () => {
  await using place = openPlace()
  using pipe = openFullPipe(place)
  const server = await place.serve([], {}, pipe.descriptor)
  expect(await server.get('/healthz', '')).toBe(200)
  for (let i = 0; i < 12; i++) expect((await server.logIn('admin', 'a wrong one')).status).toBe(503)
  const answer = await fetch(`${server.url}/readyz`)
  expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([503, true])
  expect(await answer.json()).toMatchObject({
    code: 'busy',
    detail: expect.stringContaining('user add admin'),
  })

  let said = ''
  while (!ANNOUNCEMENT.test(said)) {
    said += pipe.read()
    await Bun.sleep(5)
  }
  await becomesReady(server)
  expect((await server.logIn('admin', ANNOUNCEMENT.exec(said)?.[1] ?? '')).status).toBe(200)
})

for (const device of ['/dev/full', '/dev/null']) {
  test.concurrent(`where ${device} is all that would get the random password, no admin is made until somebody makes one`, async () => {
    await using place = openPlace()
    const descriptor = openSync(device, 'w')
    const server = await place.serve([], {}, descriptor)
    closeSync(descriptor)
    expect(await server.get('/readyz', '')).toBe(503)
    expect(server.out).toContain('cloakroom user add admin --role admin')
    expect((await place.run(['user', 'list'])).out).not.toContain('admin')
    const added = await place.run(['user', 'add', 'admin', '--role', 'admin'], {
      input: `${ADMIN_PASSWORD}\n`,
    })
    expect([added.code, added.err]).toEqual([0, ''])
    expect((await server.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)
    expect(await server.get('/readyz', '')).toBe(200)
  })
}

test.concurrent('a first start that is killed as soon as the admin is there has shown the password before', async () => {
  await using place = openPlace()
  const first = place.start(['serve', '--port', '0'])
  await first.said(/"event":"user_create"/)
  first.kill('SIGKILL')
  const { err } = await first.ended
  const again = await place.serve([], {})
  expect((await again.logIn('admin', ANNOUNCEMENT.exec(err)?.[1] ?? '')).status).toBe(200)
})

test.concurrent('a first start that is killed when the password is shown keeps no later one from showing one that holds', async () => {
  await using place = openPlace()
  const first = place.start(['serve', '--port', '0'])
  const [, shown = ''] = await first.said(ANNOUNCEMENT)
  first.kill('SIGKILL')
  await first.ended
  const again = await place.serve([], {})
  const [, later = shown] = ANNOUNCEMENT.exec(again.err) ?? []
  expect((await again.logIn('admin', later)).status).toBe(200)
})

/** Several first starts at once on one store. Exactly one of the passwords that they show holds, and the others are taken back. */
async function expectOnePassword(place: Place, store: string): Promise<void> {
  const flags = ['--store', store]
  const servers = await Promise.all([1, 2, 3].map(() => place.serve(flags, {})))
  const one = servers[0] as ServerProcess
  let held = 0
  for (const server of servers) {
    expect(await server.get('/readyz', '')).toBe(200)
    const [, password] = ANNOUNCEMENT.exec(server.err) ?? []
    if (password === undefined) continue
    const holds = (await one.logIn('admin', password)).status === 200
    if (holds) held++
    else await server.said(/The password above is not used/)
  }
  expect(held).toBe(1)
}

test.concurrent('two first starts make two different random passwords', async () => {
  await using here = openPlace()
  await using there = openPlace()
  const [one, two] = await Promise.all([here.serve([], {}), there.serve([], {})])
  const [, first = ''] = await one.said(ANNOUNCEMENT)
  const [, second = ''] = await two.said(ANNOUNCEMENT)
  expect(first).not.toBe(second)
})

test.concurrent('a later start leaves the password of admin as it is, whatever the environment says', async () => {
  await using place = openPlace()
  const first = await place.serve()
  first.kill('SIGTERM')
  await first.ended
  const later = await place.serve([], { CLOAKROOM_ADMIN_PASSWORD: 'another long one entirely' })
  expect((await later.logIn('admin', 'another long one entirely')).status).toBe(401)
  expect((await later.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)
})

test.concurrent('everything is kept in ./data unless somebody says otherwise, and only the owner may read it', async () => {
  await using place = openPlace()
  await place.serve()
  expect(statSync(place.data).mode & 0o777).toBe(0o700)
  expect(statSync(join(place.data, 'cloakroom.db')).mode & 0o077).toBe(0)
})

test.concurrent('a store of one user who is admin keeps the first start from making another', async () => {
  await using place = openPlace()
  const added = await place.run(['user', 'add', 'root', '--role', 'admin'], {
    input: 'a password for root\n',
  })
  expect(added.code).toBe(0)
  const server = await place.serve([], {})
  expect(server.err).toBe('')
  expect((await place.run(['user', 'list'])).out).not.toContain('admin  ')
  expect((await server.logIn('root', 'a password for root')).status).toBe(200)
})

test.concurrent('where the only admin is disabled, the start makes none and says what to do', async () => {
  await using place = openPlace()
  await place.run(['user', 'add', 'admin'], { input: 'a password for admin\n' })
  const server = await place.serve([], {})
  expect(server.err).toBe('')
  expect(server.out).toContain('cloakroom user add NAME --role admin')
})

test.concurrent('the flags and the environment reach the server, and the flag wins', async () => {
  await using place = openPlace()
  const elsewhere = join(place.folder, 'elsewhere')
  const server = await place.serve(['--data', elsewhere, '--public-url', 'https://login.example.com'], {
    CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD,
    CLOAKROOM_DATA: place.data,
    CLOAKROOM_PUBLIC_URL: 'https://other.example.com',
  })
  expect(existsSync(join(elsewhere, 'cloakroom.db'))).toBe(true)
  expect(existsSync(place.data)).toBe(false)
  expect(server.out).toContain(`listens on http://127.0.0.1:${server.port} for https://login.example.com`)
  expect((await server.logIn('admin', ADMIN_PASSWORD)).cookie).toStartWith('__Host-zsessionid=')
})

/** A check foretells that a password is none for the first admin, until there is somebody in the store. */
async function expectForetold(place: Place, store: string): Promise<void> {
  const weak = { env: { CLOAKROOM_ADMIN_PASSWORD: 'short', CLOAKROOM_STORE: store } }
  const { code, err } = await place.run(['check'], weak)
  expect([code, err]).toEqual([2, expect.stringContaining('is no password for the first admin')])
  const added = await place.run(['user', 'add', 'alice', '--store', store], { input: `${ADMIN_PASSWORD}\n` })
  expect([added.code, added.err]).toEqual([0, ''])
  expect((await place.run(['check'], weak)).code).toBe(0)
}

describeWithRedis('on Redis', () => {
  test('of several first starts at once one password holds', async () => {
    await using redis = await startRedis()
    await using place = openPlace()
    await expectOnePassword(place, redis.url)
  })

  test('a check looks at the password of the first admin', async () => {
    await using redis = await startRedis()
    await using place = openPlace()
    await expectForetold(place, redis.url)
  })
})

describeWithPostgres('on PostgreSQL', {}, (postgres) => {
  test('of several first starts at once one password holds', async () => {
    await using place = openPlace()
    await expectOnePassword(place, await postgres.newDatabase())
  })

  test('a check looks at the password of the first admin', async () => {
    await using place = openPlace()
    await expectForetold(place, await postgres.newDatabase())
  })
})
