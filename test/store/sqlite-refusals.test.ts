import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { chmodSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { SetupError } from '../../src/errors.ts'
import { errorOf, givenDatabase, givenFolder, openAlone, openBeside, withDatabase } from './file.ts'
import { attributesOf, put } from './given.ts'

/** What is at the path of the database, and what the remedy speaks of. */
const unusable: Record<string, { make(path: string): unknown; remedy: RegExp }> = {
  'a database of a newer version': {
    async make(path) {
      await givenDatabase(path)
      withDatabase(path, (db) => db.exec('PRAGMA user_version = 99'))
    },
    remedy: /newer version.*(Run that version|restore)/,
  },
  'a database of another program': {
    make: (path) =>
      withDatabase(path, (db) => db.exec("CREATE TABLE songs (title); INSERT INTO songs VALUES ('x')")),
    remedy: /another program.*Name another file/,
  },
  'a database of another program that has tables of our names': {
    make: (path) =>
      withDatabase(path, (db) => db.exec('CREATE TABLE sessions (id); CREATE TABLE users (name)')),
    remedy: /another program.*Name another file/,
  },
  'a file that is no database': {
    make: (path) => writeFileSync(path, 'Dear diary, today I learnt about sessions.\n'.repeat(500)),
    remedy: /not a database.*(Restore|move)/,
  },
  'a very small file that is no database': {
    make: (path) => writeFileSync(path, 'hello\n'),
    remedy: /not a database.*(Restore|move)/,
  },
  'a file that was cut in half': {
    async make(path) {
      await givenDatabase(path)
      truncateSync(path, Math.floor(readFileSync(path).length / 8192) * 4096)
    },
    remedy: /damaged.*Restore/,
  },
  'a file that was cut within its first page': {
    async make(path) {
      await givenDatabase(path)
      truncateSync(path, 1000)
    },
    remedy: /damaged.*Restore/,
  },
  'a file that lost its last page': {
    async make(path) {
      await givenDatabase(path)
      truncateSync(path, readFileSync(path).length - 4096)
    },
    remedy: /damaged.*Restore/,
  },
}

for (const [what, { make, remedy }] of Object.entries(unusable)) {
  test(`${what} is refused, with its name and the remedy, and stays as it was`, async () => {
    using folder = givenFolder()
    const path = folder.at('s.db')
    await make(path)
    const before = readFileSync(path)
    // Twice each: a refused start must not stand in the way of the next.
    for (const open of [openAlone, openAlone, openBeside, openBeside]) {
      const error = await errorOf(() => open(path))
      expect(error).toBeInstanceOf(SetupError)
      expect(String(error)).toContain(path)
      expect(String(error)).toMatch(remedy)
      expect(readFileSync(path).equals(before)).toBe(true)
    }
  })
}

test('a folder in the place of the database is refused', async () => {
  using folder = givenFolder()
  mkdirSync(folder.at('s.db'))
  const error = await errorOf(() => openAlone(folder.at('s.db')))
  expect(error).toBeInstanceOf(SetupError)
  expect(String(error)).toContain(`${folder.at('s.db')} is a folder`)
})

test('a file in the place of the folder is refused', async () => {
  using folder = givenFolder()
  writeFileSync(folder.at('data'), 'a file')
  const error = await errorOf(() => openAlone(folder.at('data/s.db')))
  expect(error).toBeInstanceOf(SetupError)
  expect(String(error)).toContain(folder.at('data/s.db'))
  expect(readFileSync(folder.at('data'), 'utf8')).toBe('a file')
})

// Root may write everywhere.
test.skipIf(process.getuid?.() === 0)(
  'a folder that cannot be written is refused (not as root)',
  async () => {
    using folder = givenFolder()
    await givenDatabase(folder.at('s.db'))
    chmodSync(folder.path, 0o500)
    const before = readFileSync(folder.at('s.db'))
    const error = await errorOf(() => openAlone(folder.at('s.db')))
    chmodSync(folder.path, 0o700)
    expect(error).toBeInstanceOf(SetupError)
    expect(String(error)).toMatch(/cannot be written.*right to write/)
    expect(String(error)).toContain(folder.at('s.db'))
    expect(readFileSync(folder.at('s.db')).equals(before)).toBe(true)
  },
)

test('a lock that cannot be made is refused with the name of the database', async () => {
  using folder = givenFolder()
  mkdirSync(folder.at('s.db.lock'))
  const error = await errorOf(() => openAlone(folder.at('s.db')))
  expect(error).toBeInstanceOf(SetupError)
  expect(String(error)).toContain(folder.at('s.db'))
})

test('a second server on the same file is refused, and the first goes on', async () => {
  using folder = givenFolder()
  const path = folder.at('s.db')
  const [id = ''] = await givenDatabase(path)
  const first = await openAlone(path)
  const error = await errorOf(() => openAlone(path))
  expect(error).toBeInstanceOf(SetupError)
  expect(String(error)).toContain(path)
  expect(String(error)).toMatch(/Another server is running.*(Stop it|--data)/)
  await first.ping()
  expect(await attributesOf(first, id)).toHaveLength(2)
  await first.close()
  const second = await openAlone(path)
  expect(await attributesOf(second, id)).toHaveLength(2)
  await second.close()
})

test('a file that another program keeps locked is one that answers reads, and so is ready', async () => {
  using folder = givenFolder()
  const path = folder.at('s.db')
  const [id = ''] = await givenDatabase(path)
  const store = await openAlone(path)
  const other = new Database(path)
  other.exec('BEGIN IMMEDIATE')
  const written = put(store, id, [['a', '1']])
  expect(await store.ping()).toBeUndefined()
  expect(await attributesOf(store, id)).toHaveLength(2)
  other.exec('ROLLBACK')
  other.close()
  expect(await written).toMatchObject({ version: 3 })
  await store.close()
})
