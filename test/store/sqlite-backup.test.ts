import { expect, test } from 'bun:test'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { SetupError } from '../../src/errors.ts'
import { backUp } from '../../src/store/sqlite/backup.ts'
import { checkSqlite } from '../../src/store/sqlite/check.ts'
import { errorOf, givenDatabase, givenFolder, openAlone, withDatabase } from './file.ts'
import { attributesOf, givenSessionOf, givenUser, put } from './given.ts'

test('a backup that is made amid writes has everything that was answered before it, and each write whole', async () => {
  using folder = givenFolder()
  const store = await openAlone(folder.at('s.db'))
  const user = await givenUser(store)
  const answered: string[] = []
  let isOver = false
  const writing = Array.from({ length: 8 }, async () => {
    while (!isOver) {
      const { id } = await givenSessionOf(store, user)
      await put(store, id, [
        ['a', id],
        ['b', id],
      ])
      answered.push(id)
    }
  })
  const backups: { file: string; has: readonly string[] }[] = []
  for (let i = 0; i < 3; i++) {
    while (answered.length < (i + 1) * 40) await new Promise((resolve) => setImmediate(resolve))
    const backup = { file: folder.at(`backup-${i}.db`), has: [...answered] }
    backUp(folder.at('s.db'), backup.file)
    backups.push(backup)
  }
  isOver = true
  await Promise.all(writing)
  await store.close()

  for (const { file, has } of backups) {
    expect(checkSqlite(file, true)).toContain('no damage found')
    const copy = await openAlone(file)
    for (const id of has) {
      expect(await attributesOf(copy, id)).toEqual([
        ['a', id],
        ['b', id],
      ])
    }
    for (const id of answered) {
      const attributes = await attributesOf(copy, id)
      expect([undefined, 0, 2]).toContain(attributes?.length)
    }
    expect(await copy.readUser(user.uname)).toEqual(user)
    await copy.close()
  }
})

test('a backup is one file, for the owner alone', async () => {
  using folder = givenFolder()
  await givenDatabase(folder.at('s.db'))
  backUp(folder.at('s.db'), folder.at('backup.db'))
  expect(Object.keys(folder.contents())).toEqual(['backup.db', 's.db'])
  expect((statSync(folder.at('backup.db')).mode & 0o777).toString(8)).toBe('600')
})

test('a backup never replaces a file', async () => {
  using folder = givenFolder()
  await givenDatabase(folder.at('s.db'))
  writeFileSync(folder.at('backup.db'), 'precious')
  const error = await errorOf(() => backUp(folder.at('s.db'), folder.at('backup.db')))
  expect(error).toBeInstanceOf(SetupError)
  expect(String(error)).toContain(folder.at('backup.db'))
  expect(readFileSync(folder.at('backup.db'), 'utf8')).toBe('precious')
})

test('what cannot be backed up is refused, and leaves nothing behind', async () => {
  using folder = givenFolder()
  await givenDatabase(folder.at('s.db'))
  withDatabase(folder.at('foreign.db'), (db) => db.exec('CREATE TABLE songs (title)'))
  writeFileSync(folder.at('text.db'), 'Dear diary\n'.repeat(500))
  const before = folder.contents()
  const attempts = [
    ['missing.db', 'backup.db', 'missing.db'],
    ['foreign.db', 'backup.db', 'foreign.db'],
    ['text.db', 'backup.db', 'text.db'],
    ['s.db', 'nowhere/backup.db', 'nowhere/backup.db'],
  ] as const
  for (const [from, to, named] of attempts) {
    const error = await errorOf(() => backUp(folder.at(from), folder.at(to)))
    expect(error).toBeInstanceOf(SetupError)
    expect(String(error)).toContain(folder.at(named))
    expect(folder.contents()).toEqual(before)
  }
})
