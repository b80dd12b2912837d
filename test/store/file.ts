import { Database } from 'bun:sqlite'
import { hash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backUp } from '../../src/store/sqlite/backup.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import type { Store } from '../../src/store/store.ts'
import { givenAttributes, givenSessionOf, givenUser } from './given.ts'

/** A folder that is deleted at the end of the block: `using folder = givenFolder()`. */
export interface Folder extends Disposable {
  readonly path: string
  /** The path of a file in it. */
  at(name: string): string
  /** Its files and a hash of what is in each. */
  contents(): Record<string, string>
}

export function givenFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'cloakroom-test-'))
  return {
    path,
    at: (name) => join(path, name),
    contents: () =>
      Object.fromEntries(
        readdirSync(path)
          .toSorted()
          .map((name) => [name, hash('sha256', readFileSync(join(path, name)))]),
      ),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Opens a store as a server does. */
export const openAlone = (path: string): Promise<Store> =>
  openSqliteStore(path, { alone: true, create: true })

/** Opens a store as the command line does, beside a server or without one. */
export const openBeside = (path: string): Promise<Store> =>
  openSqliteStore(path, { alone: false, create: true })

/** Makes a database with a few sessions, one file with nothing beside it, as a backup is; the ids of the sessions. */
export async function givenDatabase(path: string): Promise<readonly string[]> {
  using folder = givenFolder()
  const store = await openAlone(folder.at('s.db'))
  const user = await givenUser(store)
  const ids: string[] = []
  for (let i = 0; i < 5; i++) {
    const { id } = await givenSessionOf(store, user)
    // More than a page each, so that the file has many.
    await givenAttributes(store, id, [
      ['small', 'x'],
      ['large', String(i).repeat(6_000)],
    ])
    ids.push(id)
  }
  backUp(folder.at('s.db'), path)
  await store.close()
  return ids
}

/** Does something to a database behind the store's back. */
export function withDatabase(path: string, change: (db: Database) => void): void {
  const db = new Database(path, { create: !existsSync(path), readwrite: true })
  change(db)
  db.close()
}

/** Writes nonsense over the first page of a table or an index. */
export function damage(path: string, name: string): void {
  const db = new Database(path)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const [[page]] = db.query('SELECT rootpage FROM sqlite_schema WHERE name = ?').values(name) as [[number]]
  const [[size]] = db.query('PRAGMA page_size').values() as [[number]]
  db.close()
  const bytes = readFileSync(path)
  bytes.fill(0xff, (page - 1) * size, page * size)
  writeFileSync(path, bytes)
}

/** The error that this is rejected with, or that it throws. */
export async function errorOf(action: () => unknown): Promise<unknown> {
  try {
    await action()
  } catch (error) {
    return error
  }
  throw new Error('It was not refused.')
}
