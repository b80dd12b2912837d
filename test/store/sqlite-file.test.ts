import { expect, test } from 'bun:test'
import { existsSync, readdirSync, statSync, symlinkSync } from 'node:fs'
import { SetupError } from '../../src/errors.ts'
import { checkSqlite, hasUsers } from '../../src/store/sqlite/check.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { errorOf, givenFolder, openAlone, openBeside, withDatabase } from './file.ts'
import {
  attributesOf,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  idsOf,
  isLive,
  newSession,
  noKeeper,
  now,
  put,
  times,
} from './given.ts'

const MIB = 1_048_576

test('what was answered is there after the store was closed and opened again', async () => {
  using folder = givenFolder()
  const first = await openAlone(folder.at('s.db'))
  const user = await givenUser(first, { roles: ['admin'] })
  const session = await givenSessionOf(first, user)
  const ended = await givenSessionOf(first, user)
  await givenAttributes(first, session.id, [
    ['a', '1'],
    ['👩🏽‍💻', ''],
  ])
  const use = { id: session.id, usedAt: now + 5, endsAt: now + HOUR }
  await first.touchSessions([use], now)
  await first.endSession(ended.handle, null, 'revoked', now)
  await first.readSecret('key', 'secret')
  const before = await first.readSession(session.id, 'all', now)
  await first.close()

  const second = await openAlone(folder.at('s.db'))
  expect(await second.readSession(session.id, 'all', now)).toEqual(before)
  expect(await second.readUser(user.uname)).toEqual(user)
  expect(await second.insertSession(newSession(user, { id: ended.id }))).toBe('id_taken')
  expect(await second.readSecret('key', 'other')).toBe('secret')
  expect(await idsOf(second, null)).toEqual([session.id])
  await second.close()
})

test('every put that was answered before the process was killed is there afterwards', async () => {
  using folder = givenFolder()
  const path = folder.at('s.db')
  const code = `
    const { openAlone } = await import(${JSON.stringify(import.meta.resolve('./file.ts'))})
    const store = await openAlone(${JSON.stringify(path)})
    const user = { uname: 'u', fullname: '', email: '', passwordHash: '', roles: [], disabled: false, generation: 1 }
    await store.insertUser(user)
    const times = { beganAt: 0, endsAt: ${now + HOUR}, latestEndsAt: ${now + HOUR} }
    const place = { address: '', userAgent: '', maxSessions: 1 }
    await store.insertSession({ id: 'x'.repeat(43), uname: 'u', generation: 1, ...times, ...place })
    for (let i = 0; ; i++) {
      const bounds = { maxAttributes: 1e6, maxBytes: 1e9, shareBytes: 1e9, maxUserBytes: 1e9 }
      await store.putAttributes('x'.repeat(43), new Map([['k' + i, 'v']]), bounds, { now: 0, version: null })
      process.stdout.write(i + '\\n')
    }`
  const child = Bun.spawn([process.execPath, '--eval', code], { stdout: 'pipe', stderr: 'inherit' })
  let answered = ''
  for await (const chunk of child.stdout) {
    answered += Buffer.from(chunk).toString()
    if (answered.split('\n').length > 20) child.kill('SIGKILL')
  }
  await child.exited
  expect(child.signalCode).toBe('SIGKILL')

  const store = await openAlone(path)
  const keys = new Set((await attributesOf(store, 'x'.repeat(43)))?.map(([key]) => key))
  const lost = answered
    .split('\n')
    .slice(0, -1)
    .filter((i) => !keys.has(`k${i}`))
  expect(lost).toEqual([])
  await store.close()
})

test('what the command line writes while a server runs holds for the server’s very next read', async () => {
  using folder = givenFolder()
  const server = await openAlone(folder.at('s.db'))
  const beside = await openBeside(folder.at('s.db'))
  const session = await givenSession(server)
  for (let i = 0; i < 20; i++) {
    // Read on both sides of the write, so that nothing which is remembered of the first can stand for the second.
    expect((await server.readSession(session.id, ['n'], now))?.attributes.get('n')).toBe(
      i === 0 ? undefined : `${i - 1}`,
    )
    await givenAttributes(beside, session.id, [['n', `${i}`]])
    expect((await server.readSession(session.id, 'all', now))?.attributes.get('n')).toBe(`${i}`)
  }
  const user = await server.readUser(session.uname)
  await beside.updateUser(session.uname, { email: 'new' }, null, noKeeper)
  expect(await server.readUser(session.uname)).toEqual({ ...user, email: 'new' } as typeof user)
  await beside.removeAttributes(session.id, 'all', { now, version: null })
  expect(await attributesOf(server, session.id)).toEqual([])
  await beside.touchSessions([{ id: session.id, usedAt: now + 1, endsAt: now + HOUR }], now)
  expect((await server.readSession(session.id, [], now))?.endsAt).toBe(now + HOUR)
  await beside.endSession(session.handle, null, 'revoked', now)
  expect(await isLive(server, session.id)).toBe(false)
  expect(await put(server, session.id, [['late', '']])).toBe('absent')
  await beside.close()
  await server.close()
})

test('sessions that the command line ends with their user, or all of them, are gone for the server too', async () => {
  using folder = givenFolder()
  const server = await openAlone(folder.at('s.db'))
  const beside = await openBeside(folder.at('s.db'))
  const [a, b, c] = [await givenSession(server), await givenSession(server), await givenSession(server)]
  for (const { id } of [a, b, c]) expect(await isLive(server, id)).toBe(true)
  await beside.updateUser(a.uname, { disabled: true }, { generation: 8, except: null }, noKeeper)
  expect(await isLive(server, a.id)).toBe(false)
  expect(await server.insertSession(newSession(a))).toBe('user_changed')
  await beside.deleteUser(b.uname, noKeeper)
  expect(await isLive(server, b.id)).toBe(false)
  expect(await isLive(server, c.id)).toBe(true)
  await beside.endSessions(10, now)
  expect(await isLive(server, c.id)).toBe(false)
  await beside.close()
  await server.close()
})

test('a server and the command line that write at once lose nothing of each other', async () => {
  using folder = givenFolder()
  const stores = [await openAlone(folder.at('s.db')), await openBeside(folder.at('s.db'))] as const
  const { id } = await givenSession(stores[0])
  await Promise.all(
    stores.flatMap((store, n) => Array.from({ length: 30 }, (_, i) => put(store, id, [[`${n}-${i}`, 'x']]))),
  )
  for (const store of stores) expect(await attributesOf(store, id)).toHaveLength(60)
  expect((await stores[0].readSession(id, [], now))?.version).toBe(61)
  for (const store of stores) await store.close()
})

test('many that open a new file at once make one database of it', async () => {
  for (let round = 0; round < 4; round++) {
    using folder = givenFolder()
    const path = folder.at('s.db')
    const stores = await Promise.all([openAlone(path), openBeside(path), openBeside(path), openBeside(path)])
    const users = await Promise.all(stores.map((store) => givenUser(store)))
    for (const store of stores) {
      for (const user of users) expect(await store.readUser(user.uname)).toEqual(user)
    }
    for (const store of stores) await store.close()
  }
})

test('a file is the same by whichever of its names it is opened', async () => {
  using folder = givenFolder()
  const [path, link] = [folder.at('s.db'), folder.at('link.db')]
  await (await openAlone(path)).close()
  symlinkSync(path, link)
  const server = await openAlone(link)
  const { id, handle } = await givenSession(server)
  expect(await isLive(server, id)).toBe(true)
  expect(await errorOf(() => openAlone(path))).toBeInstanceOf(SetupError)
  const beside = await openBeside(path)
  await beside.endSession(handle, null, 'revoked', now)
  expect(await isLive(server, id)).toBe(false)
  // Its log is beside the file, and what it says is only there.
  expect(checkSqlite(link, true)).toContain('schema')
  expect(hasUsers(link)).toBe(true)
  await beside.close()
  await server.close()
})

test('nobody but the owner may read anything that the store writes', async () => {
  using folder = givenFolder()
  const path = folder.at('deep/down/s.db')
  const store = await openAlone(path)
  await givenSession(store)
  expect(readdirSync(folder.at('deep/down'))).toContain('s.db-wal')
  for (const name of readdirSync(folder.at('deep/down'))) {
    const { mode } = statSync(folder.at(`deep/down/${name}`))
    expect(`${name} ${(mode & 0o777).toString(8)}`).toBe(`${name} 600`)
  }
  for (const name of ['deep', 'deep/down']) {
    expect((statSync(folder.at(name)).mode & 0o777).toString(8)).toBe('700')
  }
  await store.close()
})

test('a file that is missing is made only where that was asked for', async () => {
  using folder = givenFolder()
  for (const alone of [true, false]) {
    const error = await errorOf(() => openSqliteStore(folder.at('new/s.db'), { alone, create: false }))
    expect(error).toBeInstanceOf(SetupError)
    expect(String(error)).toContain(folder.at('new/s.db'))
  }
  expect(existsSync(folder.at('new'))).toBe(false)
})

test('a write to a store that was closed is refused, and is not waited for without end', async () => {
  using folder = givenFolder()
  const store = await openAlone(folder.at('s.db'))
  const { id } = await givenSession(store)
  await store.close()
  expect(await errorOf(() => put(store, id, [['a', '1']]))).toHaveProperty('code', 'store_unavailable')
})

test('the log stays small however much is written, while sessions are read all the time', async () => {
  using folder = givenFolder()
  const path = folder.at('s.db')
  const store = await openAlone(path)
  const user = await givenUser(store)
  const sessions = await Promise.all(times(100, () => givenSessionOf(store, user)))
  // About a page of the log each.
  const value = 'x'.repeat(3_000)
  let largest = 0
  for (let round = 0; round < 60; round++) {
    const writes = sessions.map(({ id }) => put(store, id, [['a', `${round}${value}`]]))
    await Promise.all(sessions.map(({ id }) => attributesOf(store, id)))
    await Promise.all(writes)
    // From the file, since what was written is no longer in memory.
    await Promise.all(sessions.map(({ id }) => attributesOf(store, id)))
    largest = Math.max(largest, statSync(`${path}-wal`).size)
  }
  expect(largest).toBeGreaterThan(3 * MIB)
  expect(largest).toBeLessThan(6 * MIB)
  await store.close()
})

test('a store that was closed has let go of its file, and its log is in the file', async () => {
  using folder = givenFolder()
  for (let round = 0; round < 10; round++) {
    const path = folder.at(`s${round}.db`)
    const store = await openAlone(path)
    await givenSession(store)
    await store.close()
    expect(existsSync(`${path}-wal`)).toBe(false)
    // Only one who has the file to itself can leave the log behind.
    withDatabase(path, (db) => db.exec('PRAGMA journal_mode = DELETE'))
  }
})
