import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { attributesOf, judge, type Kept, newKept } from '../../reliability/ledger.ts'
import { seed } from '../../reliability/seed.ts'
import { ask, logIn, requireStatus } from '../../reliability/wire.ts'
import { idOf } from '../../src/session/token.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { openPlace, type ServerProcess } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'
import { cannotMount, openDisk } from './disk.ts'

const reason = cannotMount()
const isRequired = process.env['CI'] === 'true' && process.getuid?.() === 0
const isSkipped = reason !== null && !isRequired
const why = isSkipped ? ` (skipped: ${reason})` : ''

/** More puts than any of the disks has room for. */
const TOO_MANY = 2_000

/** Puts the next counter, with attributes that take some room. */
async function put({ url }: ServerProcess, kept: Kept): Promise<Response> {
  kept.sent++
  const answer = await ask(url, '/session/put', kept.cookie, attributesOf(kept.sent))
  if (answer.status === 200) kept.answered = kept.sent
  // What was refused with an answer did not happen, so nobody may ever see it.
  else kept.sent--
  return answer
}

async function putUntilRefused(server: ServerProcess, kept: Kept): Promise<unknown> {
  for (let i = 0; i < TOO_MANY; i++) {
    const answer = await put(server, kept)
    if (answer.status !== 200) return { status: answer.status, ...((await answer.json()) as object) }
  }
  return 'never refused'
}

const judgeAll = (server: ServerProcess, all: readonly Kept[]) =>
  Promise.all(all.map((kept) => judge(server.url, kept)))
const unharmed = { lost: 0, half: 0, revived: 0 }

test.skipIf(isSkipped)(
  `on a full disk writes are 507 and reads go on; with room they work again, and nothing answered was lost${why}`,
  async () => {
    using disk = openDisk(3)
    await using place = openPlace()
    const data = ['--data', join(disk.path, 'data')]
    const server = await place.serve(data)
    const all = await Promise.all(Array.from({ length: 4 }, async () => newKept(await logIn(server.url))))
    const full = { status: 507, code: 'store_full', detail: expect.stringContaining('nothing was stored') }

    const refused = await Promise.all(all.map((kept) => putUntilRefused(server, kept)))
    expect(refused).toEqual(all.map(() => expect.objectContaining(full)))

    disk.fillUp(0)
    // Less than a page may still have been free in the last one of the log.
    for (const kept of all) await putUntilRefused(server, kept)
    expect(await judgeAll(server, all)).toEqual(all.map(() => unharmed))
    const [first] = all
    for (const path of ['/session/get?key=first', '/session/info', '/session/list', '/healthz', '/readyz'])
      expect({ path, status: await server.get(path, first?.cookie ?? '') }).toEqual({ path, status: 200 })
    // Not even a login or a logout: what cannot be kept is not promised.
    expect((await server.logIn('admin', ADMIN_PASSWORD)).status).toBe(507)
    expect(await server.get('/session/invalidate', first?.cookie ?? '')).toBe(507)
    expect(await judgeAll(server, all)).toEqual(all.map(() => unharmed))

    disk.makeRoom()
    disk.resize(24)
    for (const kept of all) await requireStatus(await put(server, kept), 200)
    expect((await server.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)

    server.kill('SIGKILL')
    await server.ended
    const restarted = await place.serve(data)
    expect(await judgeAll(restarted, all)).toEqual(all.map(() => unharmed))
    const check = await place.run(['check', '--deep', ...data])
    expect(check.out).toContain('no damage found')
  },
)

test.skipIf(isSkipped)(
  `killed on a full disk, it loses nothing and starts where there is no room${why}`,
  async () => {
    using disk = openDisk(3)
    await using place = openPlace()
    const data = ['--data', join(disk.path, 'data')]
    const server = await place.serve(data)
    const kept = newKept(await logIn(server.url))
    await putUntilRefused(server, kept)
    disk.fillUp(0)
    server.kill('SIGKILL')
    await server.ended
    const restarted = await place.serve(data)
    expect(await judge(restarted.url, kept)).toEqual(unharmed)
    expect((await put(restarted, kept)).status).toBe(507)
    disk.resize(24)
    expect((await put(restarted, kept)).status).toBe(200)
  },
)

test.skipIf(isSkipped)(`a first start without room for a file says so in a sentence${why}`, async () => {
  using disk = openDisk(1)
  await using place = openPlace()
  disk.fillUp(0)
  const { code, err } = await place.run(['serve', '--port', '0', '--data', join(disk.path, 'data')])
  expect(err).toContain('no room left')
  expect(err).toContain(join(disk.path, 'data'))
  expect(code).toBe(2)
})

/** Pages of the log after which SQLite makes its index larger, and one page of it with its frame. */
const INDEXED_PAGES = 4_062
const FRAME = 4_120

test.skipIf(isSkipped)(`no room for the index of the log is a full disk like any other${why}`, async () => {
  using disk = openDisk(40)
  const path = join(disk.path, 'some', 'cloakroom.db')
  mkdirSync(join(disk.path, 'some'))
  const store = await openSqliteStore(path, { alone: true, create: true })
  const user = { uname: 'admin', fullname: '', email: '', passwordHash: '', roles: [] }
  await store.insertUser({ ...user, disabled: false, generation: 1 })
  const now = Date.now()
  const [cookie = ''] = await seed(store, {
    count: 1,
    beganAt: now,
    endsAt: now + 1_000_000,
    attributes: {},
  })
  const id = idOf(cookie.split('=')[1] ?? '')
  const bounds = {
    maxAttributes: 1_000,
    maxBytes: 10_000_000,
    shareBytes: 10_000_000,
    maxUserBytes: 10_000_000,
  }
  const write = (value: string) => {
    return store.putAttributes(id, new Map([['key', value]]), bounds, { now, version: null })
  }
  // Somebody who reads keeps the log from being begun anew.
  const reader = new Database(path, { readonly: true })
  reader.exec('BEGIN')
  reader.query('SELECT count(*) FROM sessions').values()
  const pages = () => statSync(`${path}-wal`).size / FRAME
  while (pages() < INDEXED_PAGES - 12) await write('x'.repeat(pages() < INDEXED_PAGES - 100 ? 60_000 : 10))
  disk.fillUp(16)
  const outcomes = new Set<string>()
  for (let i = 0; i < 20; i++) {
    const outcome = await write(String(i)).then(
      () => 'written',
      (fault: { code: string }) => fault.code,
    )
    outcomes.add(outcome)
  }
  expect([...outcomes].toSorted()).toEqual(['store_full', 'written'])
  disk.makeRoom()
  expect(await write('again')).toHaveProperty('version')
  reader.close()
  await store.close()
})
