import { SetupError } from '../errors.ts'
import { openMemoryStore } from './memory.ts'
import { backUp } from './sqlite/backup.ts'
import { checkSqlite } from './sqlite/check.ts'
import { openSqliteStore, type SqliteOptions } from './sqlite/open.ts'
import type { Store } from './store.ts'

/**
 * The store that a URL names: `sqlite:PATH`, or `memory:`, which forgets everything at the end. Throws a `SetupError` if there is
 * no such store or it cannot be used.
 */
export async function openStore(url: string, options: SqliteOptions): Promise<Store> {
  const path = pathOf(url)
  if (path !== null) return openSqliteStore(path, options)
  if (url === 'memory:') return openMemoryStore()
  throw new SetupError(`There is no store for ${url.split(':')[0]}:. Use sqlite:PATH.`)
}

/** How the store of a URL is, in one sentence, without changing it. Throws a `SetupError` if it cannot be used. */
export function checkStore(url: string, deep: boolean): string {
  const path = pathOf(url)
  return path === null ? 'memory: forgets everything at the end.' : checkSqlite(path, deep)
}

/** Copies the store of a URL to a new file while a server goes on using it. */
export function backUpStore(url: string, file: string): void {
  const path = pathOf(url)
  if (path === null) throw new SetupError(`Only a store in a file can be backed up; ${url} keeps nothing.`)
  backUp(path, file)
}

const pathOf = (url: string) => (url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : null)
