import { expect, test } from 'bun:test'
import { randomBytes } from 'node:crypto'
import { existsSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import type { Store, StoredSession } from '../../src/store/store.ts'
import { openPlace, type Place } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

const HOUR = 3_600_000

/** A name of a file as the URL of a store in the folder of the programs. */
const urlOf = (name: string) => `sqlite:${name}.db`

async function withFile<T>(place: Place, name: string, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openSqliteStore(join(place.folder, `${name}.db`), { alone: true, create: true })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

const sessionOf = (uname: string, fields: Partial<StoredSession> = {}): StoredSession => {
  const now = Date.now()
  return {
    id: randomBytes(32).toString('base64url'),
    uname,
    beganAt: now - HOUR,
    usedAt: now - 1_000,
    endsAt: now + HOUR,
    latestEndsAt: now + 12 * HOUR,
    version: 41,
    address: '192.0.2.1',
    userAgent: 'Mozilla/5.0',
    ...fields,
  }
}

const user = (uname: string) => ({
  uname,
  fullname: '',
  email: '',
  passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
  roles: ['staff'],
  disabled: false,
  generation: 7,
})

/** A store with two users and so many sessions; the last is alice's alone. */
async function fill(place: Place, name: string, sessions: number): Promise<StoredSession> {
  const hers = sessionOf('alice')
  await withFile(place, name, async (store) => {
    for (const uname of ['alice', 'bob']) expect(await store.insertUser(user(uname))).toBe(true)
    await store.readSecret('pre-login', 'the secret')
    const attributes = new Map([
      ['a', '1'],
      ['large', 'x'.repeat(5_000)],
    ])
    const restoring = Array.from({ length: sessions - 1 }, (_, i) =>
      store.restoreSession(sessionOf('bob', { beganAt: hers.beganAt + i + 1 }), new Map([['i', `${i}`]])),
    )
    await Promise.all(restoring)
    await store.restoreSession(hers, attributes)
  })
  return hers
}

const copy = (place: Place, from: string, to: string) =>
  place.run(['copy', '--from', urlOf(from), '--to', urlOf(to)])

const everything = (place: Place, name: string) =>
  withFile(place, name, async (store) => {
    const { items } = await store.listSessions({}, null, 100_000, Date.now())
    const attributes = await Promise.all(
      items.map(async ({ id }) => (await store.readSession(id, 'all', Date.now()))?.attributes),
    )
    const users = (await store.listUsers(null, 100)).items
    return { items, attributes, users, secrets: await store.listSecrets() }
  })

test('a copy has all users, live sessions and secrets as they are, and a second one finds them', async () => {
  await using place = openPlace()
  await fill(place, 'old', 40)
  await withFile(place, 'old', async (store) => {
    await store.restoreSession(sessionOf('bob', { endsAt: Date.now() - 1 }), new Map())
  })
  const first = await copy(place, 'old', 'new')
  expect(first).toEqual({
    code: 0,
    out: '2 users and 40 sessions of sqlite:old.db are in sqlite:new.db, and the same there.\n',
    err: '',
  })
  const old = await everything(place, 'old')
  expect(old.items).toHaveLength(40)
  expect(await everything(place, 'new')).toEqual(old)
  const second = await copy(place, 'old', 'new')
  expect(second.code).toBe(0)
  expect(second.out).toContain('Of them 2 users and 40 sessions were there before.\n')
  expect(await everything(place, 'new')).toEqual(old)
})

test('a copy that was killed half way goes on when it is called again', async () => {
  await using place = openPlace()
  await fill(place, 'old', 10_000)
  const broken = place.startOnTerminal(['copy', '--from', urlOf('old'), '--to', urlOf('new')])
  await broken.said(/Copying \S+ \d+% \((\d{3}|[1-6],\d{3}) of/)
  broken.kill('SIGKILL')
  await broken.ended
  const left = await everything(place, 'new')
  expect(left.items.length).toBeGreaterThan(0)
  expect(left.items.length).toBeLessThan(10_000)

  const again = await copy(place, 'old', 'new')
  expect(again.code).toBe(0)
  expect(again.out).toContain('2 users and 10,000 sessions of')
  expect(again.out).toContain(`and ${left.items.length.toLocaleString('en')} sessions were there before.`)
  expect(await everything(place, 'new')).toEqual(await everything(place, 'old'))
})

test('on a terminal a bar is shown while it copies, and taken away at the end', async () => {
  await using place = openPlace()
  await fill(place, 'old', 3_000)
  const { code, out } = await place.startOnTerminal(['copy', '--from', urlOf('old'), '--to', urlOf('new')])
    .ended
  expect(code).toBe(0)
  expect(out).toMatch(/Copying ░{30} 0% \(0 of 3,002\)/)
  expect(out).toMatch(/Verifying ░{30} 0%/)
  expect(out).toContain('\r\u001b[K2 users and 3,000 sessions')
})

/** What is in the target before a copy of two users and three sessions, and what is said of it. */
const targets: Record<string, [(to: Store, hers: StoredSession) => Promise<unknown>, ...says: string[]]> = {
  'another user': [(to) => to.insertUser(user('eve')), 'a user eve, whom the source has not'],
  'a user who differs': [
    (to) => to.insertUser({ ...user('bob'), generation: 8, roles: [] }),
    'The user bob',
    '(roles, generation)',
  ],
  'another secret': [(to) => to.readSecret('pre-login', 'its own'), 'The secret pre-login'],
  'a session that was written': [
    (to, hers) => to.restoreSession({ ...hers, version: 42 }, new Map()),
    'The session',
    'of alice',
    '(version, attributes)',
  ],
  'a session of another user': [
    (to, hers) => to.restoreSession({ ...hers, uname: 'bob' }, new Map()),
    '(uname, attributes)',
  ],
  'a session that the source has used since': [
    (to, hers) => to.restoreSession({ ...hers, usedAt: hers.usedAt - 1 }, new Map()),
    '(usedAt, attributes)',
  ],
  'a session that the source has not': [
    (to) => to.restoreSession(sessionOf('bob'), new Map()),
    'of bob that the source has not',
  ],
  'a session that has ended there': [
    async (to, hers) => {
      await to.restoreSession(hers, new Map())
      await to.endSession(hers.id.slice(0, 22), null, 'revoked', Date.now())
    },
    'of alice has ended in the target',
  ],
}

for (const [what, [make, ...says]] of Object.entries(targets)) {
  test(`a target that has ${what} is refused, and what it has stays as it is`, async () => {
    await using place = openPlace()
    const hers = await fill(place, 'old', 3)
    await withFile(place, 'new', (to) => make(to, hers))
    const before = await everything(place, 'new')
    const { code, out, err } = await copy(place, 'old', 'new')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    for (const each of says) expect(err).toContain(each)
    expect(err).not.toMatch(/\n\s+at |fault of the program/)
    const after = await everything(place, 'new')
    for (const [i, session] of before.items.entries()) {
      const at = after.items.findIndex(({ id }) => id === session.id)
      expect([after.items[at], after.attributes[at]]).toEqual([session, before.attributes[i]])
    }
    for (const each of before.users) expect(after.users).toContainEqual(each)
    // Nothing at all is written where others live.
    if (before.users.length > 0 || before.secrets.size > 0) expect(after).toEqual(before)
  })
}

test('a session that was used in the target since is not a difference', async () => {
  await using place = openPlace()
  const { id, usedAt } = await fill(place, 'old', 3)
  await copy(place, 'old', 'new')
  await withFile(place, 'new', async (store) => {
    const now = Date.now()
    await store.touchSessions([{ id, usedAt: usedAt + 1, endsAt: now + 2 * HOUR }], now)
  })
  const before = await everything(place, 'new')
  expect((await copy(place, 'old', 'new')).code).toBe(0)
  expect(await everything(place, 'new')).toEqual(before)
})

test('a file that a server has is not copied, from or to', async () => {
  await using place = openPlace()
  const server = await place.serve()
  await fill(place, 'other', 2)
  const served = `sqlite:${join(place.data, 'cloakroom.db')}`
  for (const [flag, from, to] of [
    ['--from', served, urlOf('new')],
    ['--to', urlOf('other'), served],
  ] as const) {
    const { code, err } = await place.run(['copy', '--from', from, '--to', to])
    expect([code, err]).toEqual([2, expect.stringContaining(`${flag}: Another server is running on`)])
  }
  expect(existsSync(join(place.folder, 'new.db'))).toBe(false)
  expect(await server.get('/readyz', '')).toBe(200)
})

test('URLs that cannot be are refused by name, and nothing is made', async () => {
  await using place = openPlace()
  await fill(place, 'old', 1)
  await withFile(place, 'empty', async () => {})
  symlinkSync(join(place.folder, 'old.db'), join(place.folder, 'link.db'))
  const SECRET = 'hunter2'
  const cases: readonly (readonly [from: string, to: string, says: string])[] = [
    [urlOf('old'), 'mysql://x', '--to: There is no store for mysql:'],
    ['mysql://x', urlOf('old'), '--from: There is no store for mysql:'],
    [urlOf('old'), 'memory:', '--to memory: forgets'],
    [
      urlOf('missing'),
      urlOf('new'),
      '--from: There is no database at missing.db. Name another place with --from.',
    ],
    ['hunter2', urlOf('new'), '--from: This is no URL of a store. Use sqlite:PATH'],
    ['hunter2 and more:', urlOf('new'), '--from: This is no URL of a store. Use sqlite:PATH'],
    [urlOf('old'), '', '--to: This is no URL of a store. Use sqlite:PATH'],
    [urlOf('old'), 'sqlite:', '--to: There is no store for sqlite:. Use sqlite:PATH'],
    [urlOf('old'), urlOf('old'), 'the same store'],
    [urlOf('old'), `sqlite:./${'x/..'}/old.db`, 'the same store'],
    [urlOf('old'), urlOf('link'), 'the same store'],
    [urlOf('empty'), urlOf('new'), 'no users in the source'],
    [urlOf('old'), `redis://:${SECRET}@127.0.0.1:1`, '--to: There is no Redis that answers'],
    [urlOf('old'), `postgres://me:${SECRET}@127.0.0.1:1/x`, '--to: '],
    [`redis://:${SECRET}@127.0.0.1:1`, `redis://:${SECRET}@127.0.0.1:1`, 'redis://***@127.0.0.1:1'],
  ]
  for (const [from, to, says] of cases) {
    const { code, out, err } = await place.run(['copy', '--from', from, '--to', to])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toStartWith('cloakroom: ')
    expect(err).toContain(says)
    expect(err).not.toContain(SECRET)
    expect(err).not.toMatch(/\n\s+at |fault of the program|--data|--store/)
  }
})

test('a URL can come on standard input, where nobody else sees it', async () => {
  await using place = openPlace()
  await fill(place, 'old', 1)
  const both = await place.run(['copy', '--from', '-', '--to', '-'], {
    input: 'sqlite:old.db\nsqlite:new.db\n',
  })
  expect([both.code, both.out]).toEqual([0, expect.stringContaining('1 session of sqlite:old.db')])
  const one = await place.run(['copy', '--from', urlOf('old'), '--to', '-'], { input: 'sqlite:new.db\n' })
  expect([one.code, one.out]).toEqual([0, expect.stringContaining('were there before')])
})

test('a URL that does not come on standard input is missed by the name of its flag', async () => {
  await using place = openPlace()
  for (const [from, to, input, flag] of [
    ['-', urlOf('new'), '', '--from'],
    ['-', '-', 'sqlite:old.db\n', '--to'],
    ['-', '-', '\nsqlite:new.db\n', '--from'],
  ] as const) {
    const ran = await place.run(['copy', '--from', from, '--to', to], { input })
    const err = `cloakroom: No URL for ${flag} came on standard input; send it as a line.\n`
    expect(ran).toEqual({ code: 2, out: '', err })
  }
})

test('a server on the copy knows the cookie and the password', async () => {
  await using place = openPlace()
  const server = await place.serve()
  const { cookie } = await server.logIn('admin', ADMIN_PASSWORD)
  server.kill('SIGTERM')
  await server.ended
  const { code } = await place.run([
    'copy',
    '--from',
    'sqlite:data/cloakroom.db',
    '--to',
    'sqlite:new/cloakroom.db',
  ])
  expect(code).toBe(0)
  const moved = await place.serve(['--data', 'new'], {})
  expect(await moved.get('/session/info', cookie)).toBe(200)
  expect((await moved.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)
})
