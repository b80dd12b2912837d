import { expect, test } from 'bun:test'
import { StoreFault } from '../../src/errors.ts'
import { checkSqlite } from '../../src/store/sqlite/check.ts'
import { damage, errorOf, type Folder, givenDatabase, givenFolder, openAlone, openBeside } from './file.ts'
import { now } from './given.ts'

/** The path of a database of which this table or index is damaged. */
async function givenDamaged(folder: Folder, tree: string): Promise<string> {
  const path = folder.at('s.db')
  await givenDatabase(path)
  damage(path, tree)
  return path
}

for (const [how, open] of [
  ['alone', openAlone],
  ['beside others', openBeside],
] as const) {
  test(`what cannot be read of a damaged file is a fault that names it and the remedy: opened ${how}`, async () => {
    using folder = givenFolder()
    const path = await givenDamaged(folder, 'sessions')
    const store = await open(path)
    const asked = [
      () => store.listSessions({}, null, 10, now),
      () => store.listSessions({ address: '192.0.2.1' }, null, 10, now),
      () => store.endSessions(10, now),
    ]
    for (const ask of asked) {
      const error = await errorOf(ask)
      expect(error).toBeInstanceOf(StoreFault)
      expect(String(error)).toMatch(/damaged.*Restore a backup/)
      expect(String(error)).toContain(path)
    }
    await store.close()
  })
}

test('a damaged file is closed whole, and what is left of it can be read', async () => {
  using folder = givenFolder()
  const path = await givenDamaged(folder, 'sessions')
  const first = await openAlone(path)
  await errorOf(() => first.listSessions({}, null, 10, now))
  // What failed does not hang over what is asked next.
  expect((await first.listUsers(null, 10)).items).toHaveLength(1)
  await errorOf(() => first.listSessions({}, null, 10, now))
  await first.close()
  const second = await openAlone(path)
  expect((await second.listUsers(null, 10)).items).toHaveLength(1)
  await second.close()
})

test('a check says in one line what is damaged', async () => {
  using folder = givenFolder()
  const path = await givenDamaged(folder, 'sessions_by_end')
  const { message } = (await errorOf(() => checkSqlite(path, true))) as Error
  expect(message).toMatch(
    /^\S+s\.db is damaged: Tree \d+ page \d+: [^\n]*\. Stop the server and restore a backup in its place\.$/,
  )
})
