import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { makeOld } from '../../reliability/old.ts'
import { SetupError } from '../../src/errors.ts'
import { checkSqlite } from '../../src/store/sqlite/check.ts'
import { NEWEST } from '../../src/store/sqlite/schema.ts'
import { errorOf, givenDatabase, givenFolder, openAlone, withDatabase } from './file.ts'
import { givenAttributes, givenSession, now } from './given.ts'

test('a whole database is said to be whole, and nothing is changed', async () => {
  using folder = givenFolder()
  await givenDatabase(folder.at('s.db'))
  const before = folder.contents()
  expect(checkSqlite(folder.at('s.db'), false)).toContain(folder.at('s.db'))
  expect(checkSqlite(folder.at('s.db'), true)).toContain('no damage found')
  expect(folder.contents()).toEqual(before)
})

test('a database that a server has left in its mode with a log, and without one, gets none from the check', async () => {
  using folder = givenFolder()
  await givenDatabase(folder.at('s.db'))
  withDatabase(folder.at('s.db'), (db) => db.exec('PRAGMA journal_mode = WAL; PRAGMA user_version = 1'))
  const before = folder.contents()
  expect(Object.keys(before)).toEqual(['s.db'])
  expect(checkSqlite(folder.at('s.db'), true)).toContain('no damage found')
  expect(folder.contents()).toEqual(before)
})

test('a database that a store has closed is checked, and nothing is changed', async () => {
  using folder = givenFolder()
  const store = await openAlone(folder.at('s.db'))
  await givenAttributes(store, (await givenSession(store)).id, [['a', '1']])
  await store.close()
  const before = folder.contents()
  expect(checkSqlite(folder.at('s.db'), true)).toContain('no damage found')
  expect(folder.contents()).toEqual(before)
})

test('a database that a server is using is checked with all that it has committed, and nothing is changed', async () => {
  using folder = givenFolder()
  const store = await openAlone(folder.at('s.db'))
  await givenAttributes(store, (await givenSession(store)).id, [['a', '1']])
  const { 's.db-shm': _, ...before } = folder.contents()
  expect(checkSqlite(folder.at('s.db'), true)).toContain('no damage found')
  // The index of the log is where SQLite notes who reads; it is no part of what is kept.
  const { 's.db-shm': __, ...after } = folder.contents()
  expect(after).toEqual(before)
  await store.close()
})

test('what a killed server left is checked with its log, and nothing is changed', async () => {
  using folder = givenFolder()
  using left = givenFolder()
  const store = await openAlone(folder.at('s.db'))
  await givenAttributes(store, (await givenSession(store)).id, [['a', '1']])
  for (const end of ['', '-wal', '-shm']) copyFileSync(folder.at(`s.db${end}`), left.at(`s.db${end}`))
  await store.close()
  const { 's.db-shm': _, ...before } = left.contents()
  expect(checkSqlite(left.at('s.db'), true)).toContain(`schema ${NEWEST}, no damage found`)
  const { 's.db-shm': __, ...after } = left.contents()
  expect(after).toEqual(before)
})

test('damage that is in the log of a killed server alone is found', async () => {
  using folder = givenFolder()
  using left = givenFolder()
  const store = await openAlone(folder.at('s.db'))
  await givenSession(store)
  withDatabase(folder.at('s.db'), (db) => db.exec('UPDATE sessions SET count = 7'))
  for (const end of ['', '-wal', '-shm']) copyFileSync(folder.at(`s.db${end}`), left.at(`s.db${end}`))
  await store.close()
  const error = await errorOf(() => checkSqlite(left.at('s.db'), true))
  expect(error).toBeInstanceOf(SetupError)
  expect(String(error)).toContain(left.at('s.db'))
})

test('what a first start left that was killed amid its first commit is no damage, and the next start brings it in order', async () => {
  using folder = givenFolder()
  const making = new Database(folder.at('making.db'), { create: true })
  making.exec('PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; BEGIN')
  making.exec('CREATE TABLE sessions (a)')
  // More than it keeps in memory, so that some of it is in the file before the commit.
  for (let i = 0; i < 50; i++) making.exec(`INSERT INTO sessions VALUES (randomblob(4000))`)
  for (const end of ['', '-journal']) copyFileSync(folder.at(`making.db${end}`), folder.at(`s.db${end}`))
  making.close()
  const before = folder.contents()
  expect(Object.keys(before)).toContain('s.db-journal')
  expect(checkSqlite(folder.at('s.db'), true)).toContain('the next start brings it in order')
  expect(folder.contents()).toEqual(before)
  const store = await openAlone(folder.at('s.db'))
  const { id } = await givenSession(store)
  expect(await store.readSession(id, [], now)).not.toBeNull()
  await store.close()
  expect(checkSqlite(folder.at('s.db'), true)).toContain('no damage found')
})

for (let version = 1; version < NEWEST; version++) {
  test(`a database of schema ${version} is checked by its own tables, and nothing is changed`, async () => {
    using folder = givenFolder()
    const path = folder.at('s.db')
    await makeOld(path, version)
    withDatabase(path, (db) => db.exec('PRAGMA journal_mode = DELETE'))
    const before = folder.contents()
    for (const deep of [false, true]) {
      const sentence = checkSqlite(path, deep)
      expect(sentence).toContain(`schema ${version}, which the next start upgrades to ${NEWEST}`)
      expect(sentence.includes('no damage found')).toBe(deep)
    }
    expect(folder.contents()).toEqual(before)
    for (const change of [
      'UPDATE sessions SET bytes = bytes + 1 WHERE n = 1',
      'UPDATE sessions SET bytes = bytes - 1 WHERE n = 1; DELETE FROM sessions WHERE n = 2',
    ]) {
      withDatabase(path, (db) => db.exec(change))
      expect(await errorOf(() => checkSqlite(path, true))).toBeInstanceOf(SetupError)
    }
  })
}

test('a database that is missing would be made, and is not made by the check', () => {
  using folder = givenFolder()
  expect(checkSqlite(folder.at('data/s.db'), true)).toContain(folder.at('data/s.db'))
  expect(folder.contents()).toEqual({})
})

test('an empty file is one that a server can start on', () => {
  using folder = givenFolder()
  writeFileSync(folder.at('s.db'), '')
  for (const deep of [false, true]) expect(checkSqlite(folder.at('s.db'), deep)).toContain(folder.at('s.db'))
  expect(readFileSync(folder.at('s.db'), 'utf8')).toBe('')
})

test('the name of a database may have any characters', async () => {
  using folder = givenFolder()
  const path = folder.at('a b?c#d%20e%é.db')
  await givenDatabase(path)
  const before = folder.contents()
  expect(checkSqlite(path, true)).toContain('no damage found')
  expect(folder.contents()).toEqual(before)
})

/** Overwrites the text with as much other text. */
function garble(path: string, text: string): void {
  const bytes = readFileSync(path)
  const at = bytes.indexOf(text)
  expect(at).toBeGreaterThan(0)
  bytes.fill('#', at, at + text.length)
  writeFileSync(path, bytes)
}

/** The first page of a table or an index, as places in the file. */
function pageOf(path: string, name: string): { begin: number; end: number } {
  let page = 0
  withDatabase(path, (db) => {
    page = Number(db.query('SELECT rootpage FROM sqlite_schema WHERE name = ?').values(name)[0]?.[0])
  })
  return { begin: (page - 1) * 4096, end: page * 4096 }
}

/** Damage, and whether it takes a deep check to find it. */
const damages: Record<string, { damage(path: string): void; isDeep: boolean }> = {
  'a page that was overwritten': {
    damage(path) {
      const page = pageOf(path, 'attributes')
      const bytes = readFileSync(path)
      writeFileSync(path, bytes.fill(0xa5, page.begin, page.end))
    },
    isDeep: true,
  },
  'an index that does not agree with its table': {
    damage(path) {
      const page = pageOf(path, 'sessions_by_uname')
      const bytes = readFileSync(path)
      bytes.fill('#', bytes.indexOf('n-', page.begin), bytes.indexOf('n-', page.begin) + 2)
      writeFileSync(path, bytes)
    },
    isDeep: true,
  },
  'a count that is wrong': {
    damage: (path) =>
      withDatabase(path, (db) => db.exec('UPDATE sessions SET count = count + 1 WHERE n = 2')),
    isDeep: true,
  },
  'a size that is wrong': {
    damage: (path) =>
      withDatabase(path, (db) => db.exec('UPDATE sessions SET bytes = bytes - 1 WHERE n = 2')),
    isDeep: true,
  },
  'an attribute that got lost': {
    damage: (path) =>
      withDatabase(path, (db) => db.exec("DELETE FROM attributes WHERE session = 3 AND key = 'small'")),
    isDeep: true,
  },
  'attributes of no session': {
    damage: (path) => withDatabase(path, (db) => db.exec('DELETE FROM sessions WHERE n = 1')),
    isDeep: true,
  },
  'a beginning that is no database’s': {
    damage: (path) => garble(path, 'SQLite format 3'.slice(1)),
    isDeep: false,
  },
  'a file that was cut': {
    damage: (path) => truncateSync(path, readFileSync(path).length - 4096),
    isDeep: false,
  },
  'a newer version': {
    damage: (path) => withDatabase(path, (db) => db.exec('PRAGMA user_version = 99')),
    isDeep: false,
  },
  'another program’s mark': {
    damage: (path) => withDatabase(path, (db) => db.exec('PRAGMA application_id = 1')),
    isDeep: false,
  },
}

for (const [what, { damage, isDeep }] of Object.entries(damages)) {
  test(`${what} is found by a${isDeep ? ' deep' : 'ny'} check, and nothing is changed`, async () => {
    using folder = givenFolder()
    const path = folder.at('s.db')
    await givenDatabase(path)
    damage(path)
    const before = folder.contents()
    for (const deep of isDeep ? [true] : [true, false]) {
      const error = await errorOf(() => checkSqlite(path, deep))
      expect(error).toBeInstanceOf(SetupError)
      expect(String(error)).toContain(path)
      expect(folder.contents()).toEqual(before)
    }
  })
}
