import { SetupError } from '../errors.ts'
import { openMemoryStore } from './memory.ts'
import { checkPostgres, openPostgresStore } from './postgres/open.ts'
import type { Reach } from './postgres/pool.ts'
import { backUp } from './sqlite/backup.ts'
import { checkSqlite } from './sqlite/check.ts'
import { openSqliteStore, type SqliteOptions } from './sqlite/open.ts'
import type { Store } from './store.ts'

/** What stores are opened with; each takes what it knows. */
export interface StoreOptions extends SqliteOptions {
  readonly postgres: Reach
}

/**
 * The store that a URL names: `sqlite:PATH`, `postgres://…`, or `memory:`, which forgets everything at the end. Throws a `SetupError` if
 * there is no such store or it cannot be used.
 */
export async function openStore(url: string, options: StoreOptions): Promise<Store> {
  const path = pathOf(url)
  if (path !== null) return openSqliteStore(path, options)
  if (isPostgres(url)) return openPostgresStore(url, { ...options.postgres, create: options.create })
  if (url === 'memory:') return openMemoryStore()
  throw new SetupError(`There is no store for ${url.split(':')[0]}:. Use sqlite:PATH or postgres://….`)
}

/** How the store of a URL is, in one sentence, without changing it. Throws a `SetupError` if it cannot be used. */
export async function checkStore(url: string, deep: boolean): Promise<string> {
  if (isPostgres(url)) return checkPostgres(url)
  const path = pathOf(url)
  return path === null ? 'memory: forgets everything at the end.' : checkSqlite(path, deep)
}

/** Copies the store of a URL to a new file while a server goes on using it. */
export function backUpStore(url: string, file: string): void {
  const path = pathOf(url)
  if (isPostgres(url)) {
    throw new SetupError(
      'Only a store in a file is backed up by this program. PostgreSQL has its own: pg_dump --schema=cloakroom makes a copy as it is at one instant.',
    )
  }
  if (path === null) throw new SetupError(`Only a store in a file can be backed up; ${url} keeps nothing.`)
  backUp(path, file)
}

/** The URL for people and logs: without a password, and without anything where a password that was not encoded may have got. */
export function shownStore(url: string): string {
  if (pathOf(url) !== null || url === 'memory:') return url
  const { protocol, username, host, pathname } = URL.parse(url) ?? { username: '' }
  return username === '' ? `${url.split(':')[0]}:…` : `${protocol}//${username}@${host}${pathname}`
}

const isPostgres = (url: string) => /^postgres(ql)?:/.test(url)

const pathOf = (url: string) => (url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : null)
