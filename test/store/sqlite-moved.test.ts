import { expect, test } from 'bun:test'
import { copyFileSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { SetupError, StoreFault } from '../../src/errors.ts'
import { backUp } from '../../src/store/sqlite/backup.ts'
import { checkSqlite } from '../../src/store/sqlite/check.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { errorOf, type Folder, givenDatabase, givenFolder, openAlone, openBeside } from './file.ts'
import { attributesOf, givenAttributes, givenSession, now, put } from './given.ts'

/** A store with a session, in a folder of its own below; what it was said to have lost. */
async function givenStore(folder: Folder) {
  mkdirSync(folder.at('data'))
  const lost: StoreFault[] = []
  const store = await openSqliteStore(folder.at('data/s.db'), {
    alone: true,
    create: true,
    lost: (fault) => void lost.push(fault),
  })
  const { id } = await givenSession(store)
  await givenAttributes(store, id, [['a', '1']])
  return { store, lost, id }
}

/** What may happen to the files of a running server, and how the fault says it. */
const mishaps: Readonly<Record<string, { happen(folder: Folder): unknown; says: string }>> = {
  'the file is deleted': {
    happen: ({ at }) => rmSync(at('data/s.db')),
    says: 's.db was deleted or moved',
  },
  'the file is moved away': {
    happen: ({ at }) => renameSync(at('data/s.db'), at('elsewhere.db')),
    says: 's.db was deleted or moved',
  },
  'another file is moved into its place': {
    async happen({ at }) {
      await givenDatabase(at('other.db'))
      renameSync(at('other.db'), at('data/s.db'))
    },
    says: 's.db was replaced by another file',
  },
  'the file is deleted and copied anew': {
    happen({ at }) {
      copyFileSync(at('data/s.db'), at('copy.db'))
      rmSync(at('data/s.db'))
      copyFileSync(at('copy.db'), at('data/s.db'))
    },
    says: 's.db was replaced by another file',
  },
  'the folder is deleted': {
    happen: ({ at }) => rmSync(at('data'), { recursive: true }),
    says: 's.db was deleted or moved',
  },
  'a file is put where the folder was': {
    happen({ at }) {
      renameSync(at('data'), at('elsewhere'))
      writeFileSync(at('data'), '')
    },
    says: 's.db was deleted or moved',
  },
  ...Object.fromEntries(
    ['-wal', '-shm', '.lock', '.changes'].map((end) => [
      `its ${end} is deleted`,
      {
        happen: ({ at }: Folder) => rmSync(at(`data/s.db${end}`)),
        says: `s.db${end}, which belongs to the database`,
      },
    ]),
  ),
}

for (const [what, { happen, says }] of Object.entries(mishaps)) {
  test(`when ${what} under a running server, no write is answered any more, and the store is said to be lost once`, async () => {
    using folder = givenFolder()
    const { store, lost, id } = await givenStore(folder)
    await happen(folder)
    let answered = 0
    let fault: unknown
    for (; fault === undefined; answered++) {
      fault = await put(store, id, [['n', String(answered)]]).then(
        () => undefined,
        (error) => error,
      )
    }
    expect(fault).toBeInstanceOf(StoreFault)
    expect(fault).toMatchObject({ code: 'store_unavailable', message: expect.stringContaining(says) })
    expect(await errorOf(() => put(store, id, [['late', '']]))).toBe(fault)
    expect(await errorOf(() => store.ping())).toBe(fault)
    expect(lost).toEqual([fault as StoreFault])
    await store.close()
  })
}

test('that a file is gone is noticed by the next look whether the store answers, and without a write', async () => {
  using folder = givenFolder()
  const { store, lost } = await givenStore(folder)
  await store.ping()
  rmSync(folder.at('data/s.db'))
  expect(await errorOf(() => store.ping())).toHaveProperty('code', 'store_unavailable')
  expect(lost).toHaveLength(1)
  await store.close()
})

test('that a file is gone is noticed though nobody asks for anything', async () => {
  using folder = givenFolder()
  const gone = Promise.withResolvers<StoreFault>()
  const store = await openSqliteStore(folder.at('s.db'), { alone: true, create: true, lost: gone.resolve })
  rmSync(folder.at('s.db'))
  expect((await gone.promise).message).toContain('was deleted or moved')
  await store.close()
})

test('a file that was moved away has all that was answered when the store is closed', async () => {
  using folder = givenFolder()
  const { store, id } = await givenStore(folder)
  renameSync(folder.at('data/s.db'), folder.at('moved.db'))
  await errorOf(() => store.ping())
  await store.close()
  const found = await openAlone(folder.at('moved.db'))
  expect(await attributesOf(found, id)).toEqual([['a', '1']])
  await found.close()
})

test('a backup that was moved into the place of the file is what it was when the store is closed', async () => {
  using folder = givenFolder()
  const { store, id } = await givenStore(folder)
  backUp(folder.at('data/s.db'), folder.at('backup.db'))
  await givenAttributes(store, id, [['after', 'the backup']])
  renameSync(folder.at('backup.db'), folder.at('data/s.db'))
  await errorOf(() => store.ping())
  await store.close()
  expect(checkSqlite(folder.at('data/s.db'), true)).toContain('no damage found')
  const next = await openAlone(folder.at('data/s.db'))
  expect(await attributesOf(next, id)).toEqual([['a', '1']])
  await next.close()
})

test('a link that is set to another file is noticed', async () => {
  using folder = givenFolder()
  await givenDatabase(folder.at('one.db'))
  await givenDatabase(folder.at('two.db'))
  symlinkSync(folder.at('one.db'), folder.at('s.db'))
  const store = await openAlone(folder.at('s.db'))
  await store.ping()
  symlinkSync(folder.at('two.db'), folder.at('next'))
  renameSync(folder.at('next'), folder.at('s.db'))
  expect(String(await errorOf(() => store.ping()))).toContain('was replaced by another file')
  await store.close()
})

test('backups, checks and the command line leave the files of a running server in their places', async () => {
  using folder = givenFolder()
  const { store, lost, id } = await givenStore(folder)
  const path = folder.at('data/s.db')
  backUp(path, folder.at('backup.db'))
  checkSqlite(path, true)
  const beside = await openBeside(path)
  await givenAttributes(beside, id, [['b', '2']])
  await beside.close()
  await store.ping()
  expect(await store.readSession(id, 'all', now)).toMatchObject({ version: 3 })
  expect(lost).toEqual([])
  await store.close()
})

test('a file that has a second name is refused by whichever of them, and not changed', async () => {
  using folder = givenFolder()
  await givenDatabase(folder.at('s.db'))
  linkSync(folder.at('s.db'), folder.at('t.db'))
  const before = folder.contents()
  for (const path of [folder.at('s.db'), folder.at('t.db')]) {
    for (const use of [
      () => openAlone(path),
      () => openBeside(path),
      () => checkSqlite(path, false),
      () => backUp(path, folder.at('backup.db')),
    ]) {
      const error = await errorOf(use)
      expect(error).toBeInstanceOf(SetupError)
      expect(String(error)).toContain(`${path} has 2 names`)
    }
  }
  expect(folder.contents()).toEqual(before)
  rmSync(folder.at('t.db'))
  await (await openAlone(folder.at('s.db'))).close()
})
