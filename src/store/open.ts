import { SetupError } from '../errors.ts'
import { openMemoryStore } from './memory.ts'
import type { RedisOptions } from './redis/open.ts'
import { placeOf } from './redis/place.ts'
import { backUp } from './sqlite/backup.ts'
import { checkSqlite } from './sqlite/check.ts'
import { openSqliteStore, type SqliteOptions } from './sqlite/open.ts'
import type { Store } from './store.ts'

/** What stores are opened with; each takes what it knows. */
export interface StoreOptions extends SqliteOptions {
  readonly redis: RedisOptions
  /** Told what lets the store work, and should not stay as it is. */
  warn(sentence: string): void
}

/**
 * The store that a URL names: `sqlite:PATH`, `redis://…`, or `memory:`, which forgets everything at the end. Throws a `SetupError` if
 * there is no such store or it cannot be used.
 */
export async function openStore(url: string, options: StoreOptions): Promise<Store> {
  const path = pathOf(url)
  if (path !== null) return openSqliteStore(path, options)
  if (url === 'memory:') return openMemoryStore()
  if (isRedis(url)) return (await redis()).openRedisStore(url, options.redis, options.warn)
  throw new SetupError(`There is no store for ${url.split(':')[0]}:. Use sqlite:PATH or redis://HOST.`)
}

/** How the store of a URL is, in a sentence or two, without changing it. Throws a `SetupError` if it cannot be used. */
export async function checkStore(
  url: string,
  deep: boolean,
  options: Pick<StoreOptions, 'redis'>,
): Promise<string> {
  const path = pathOf(url)
  if (path !== null) return checkSqlite(path, deep)
  return isRedis(url)
    ? (await redis()).checkRedis(url, options.redis)
    : 'memory: forgets everything at the end.'
}

/** Copies the store of a URL to a new file while a server goes on using it. */
export function backUpStore(url: string, file: string): void {
  const path = pathOf(url)
  if (path !== null) {
    backUp(path, file)
    return
  }
  const remedy = isRedis(url)
    ? 'is backed up by its own means: copy its RDB file after BGSAVE, or let a replica keep it.'
    : 'keeps nothing.'
  throw new SetupError(`Only a store in a file can be backed up; ${shownStore(url)} ${remedy}`)
}

/** The URL as it may be printed and logged: without a password. */
export const shownStore = (url: string): string => (isRedis(url) ? placeOf(url).shown : url)

const pathOf = (url: string) => (url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : null)

const isRedis = (url: string) => /^rediss?[:+]/.test(url)

/** Loaded by those alone who use it: the client is larger than all the rest. */
const redis = () => import('./redis/open.ts')
