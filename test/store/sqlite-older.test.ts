import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { makeOld, versionOf } from '../../reliability/old.ts'
import { SetupError } from '../../src/errors.ts'
import { tryHold } from '../../src/store/sqlite/lock.ts'
import { NEWEST } from '../../src/store/sqlite/schema.ts'
import { errorOf, givenFolder, openAlone, openBeside } from './file.ts'

const OLDER = Array.from({ length: NEWEST - 1 }, (_, i) => i + 1)

test.concurrent.each(OLDER)(
  'a file of schema %i is left as it is while another process holds its lock',
  async (version) => {
    using folder = givenFolder()
    const path = folder.at('s.db')
    await makeOld(path, version)
    const lock = tryHold(path)
    const before = folder.contents()
    const error = await errorOf(() => openBeside(path))
    expect(error).toBeInstanceOf(SetupError)
    const { message } = error as Error
    for (const part of [path, `schema ${version}`, `schema ${NEWEST}`, 'older version', 'Stop that server'])
      expect(message).toContain(part)
    expect(folder.contents()).toEqual(before)
    lock?.close()
    const store = await openBeside(path)
    expect(await store.countSessions(null, Date.now())).toBe(600)
    await store.close()
    expect(versionOf(path)).toBe(NEWEST)
  },
)

/** Whether another holds the lock of a file. */
function isHeld(path: string): boolean {
  const lock = tryHold(path)
  lock?.close()
  return lock === null
}

/**
 * Whether the kernel knows of a lock for writing on it. Whoever tries to hold it holds it for a moment, and so may keep from it
 * who is to have it.
 */
function isLocked(path: string): boolean {
  if (!existsSync('/proc/locks')) return isHeld(path)
  if (!existsSync(`${path}.lock`)) return false
  const { ino } = statSync(`${path}.lock`)
  return new RegExp(` WRITE .*:${ino} `).test(readFileSync('/proc/locks', 'latin1'))
}

test.concurrent('a command that migrates a file holds its lock meanwhile, so that no older server starts', async () => {
  using folder = givenFolder()
  const path = folder.at('s.db')
  await makeOld(path, NEWEST - 1)
  // Keeps the migration from being done.
  using writing = new Database(path)
  writing.exec('BEGIN IMMEDIATE')
  let isOpen = false
  const opening = openBeside(path).finally(() => {
    isOpen = true
  })
  opening.catch(() => {})
  while (!isOpen && !isLocked(path)) await Bun.sleep(5)
  expect([isOpen, isHeld(path)]).toEqual([false, true])
  expect(versionOf(path)).toBe(NEWEST - 1)
  writing.exec('ROLLBACK')
  await (await opening).close()
  expect(versionOf(path)).toBe(NEWEST)
  expect(isHeld(path)).toBe(false)
})

test('a server and commands that open an older file at once migrate it, and go on side by side', async () => {
  for (const version of OLDER) {
    using folder = givenFolder()
    const path = folder.at('s.db')
    await makeOld(path, version)
    const stores = await Promise.all([openBeside(path), openAlone(path), openBeside(path), openBeside(path)])
    for (const store of stores) expect(await store.countSessions(null, Date.now())).toBe(600)
    for (const store of stores) await store.close()
  }
})
