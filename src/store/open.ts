import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { SetupError, type StoreFault } from '../errors.ts'
import { isPath } from '../paths.ts'
import { openMemoryStore } from './memory.ts'
import type { Reach } from './postgres/pool.ts'
import { shownUrl } from './postgres/url.ts'
import type { RedisOptions } from './redis/open.ts'
import { placeOf } from './redis/place.ts'
import { backUp } from './sqlite/backup.ts'
import { checkSqlite, hasUsers } from './sqlite/check.ts'
import { openSqliteStore, type SqliteOptions } from './sqlite/open.ts'
import type { Store } from './store.ts'

/** What stores are opened with; each takes what it knows. */
export interface StoreOptions extends SqliteOptions {
  readonly redis: RedisOptions
  readonly postgres: Reach
  /** Whether a server opens it, and no command: only a server migrates a shared store beside servers of an older version. */
  readonly isServer: boolean
  /** Told what lets the store work, and should not stay as it is. */
  warn(sentence: string): void
}

type CheckOptions = Pick<StoreOptions, 'redis'>

/** What can be done with the stores of a kind, which their URLs name. */
interface Kind {
  readonly name: 'sqlite' | 'memory' | 'postgres' | 'redis'
  open(url: string, options: StoreOptions): Promise<Store>
  check(url: string, deep: boolean, options: CheckOptions): Promise<string>
  /** Without changing it. */
  hasUsers(url: string, options: CheckOptions): Promise<boolean>
  /** Makes a copy, or is the sentence that says how one is made by other means. */
  readonly backUp: ((url: string, file: string) => void) | string
  /** Without a password. Throws a `SetupError` if it cannot be told where that is. */
  shown(url: string): string
  /** Where it is, if `shown` does not say. */
  place?(url: string): string
}

const asItIs = (url: string) => url

const pathOf = (url: string) => url.slice('sqlite:'.length)

const sqlite: Kind = {
  name: 'sqlite',
  open: (url, options) => openSqliteStore(pathOf(url), options),
  check: async (url, deep) => checkSqlite(pathOf(url), deep),
  hasUsers: async (url) => hasUsers(pathOf(url)),
  backUp: (url, file) => backUp(pathOf(url), file),
  shown: asItIs,
  place(url) {
    const path = resolve(pathOf(url))
    return existsSync(path) ? realpathSync(path) : path
  },
}

const memory: Kind = {
  name: 'memory',
  open: async () => openMemoryStore(),
  check: async () => 'memory: forgets everything at the end.',
  hasUsers: async () => false,
  backUp: 'memory: keeps nothing.',
  shown: asItIs,
}

// Loaded by those alone who use it: each client is larger than all the rest.
const loadPostgres = () => import('./postgres/open.ts')
const loadRedis = () => import('./redis/open.ts')

const postgres: Kind = {
  name: 'postgres',
  open: async (url, { postgres: reach, create, alone, isServer }) =>
    (await loadPostgres()).openPostgresStore(url, { ...reach, create, alone, isServer }),
  check: async (url) => (await loadPostgres()).checkPostgres(url),
  hasUsers: async (url) => (await loadPostgres()).hasUsers(url),
  backUp: 'PostgreSQL has its own: pg_dump --schema=cloakroom makes a copy as it is at one instant.',
  shown: shownUrl,
}

const redis: Kind = {
  name: 'redis',
  open: async (url, options) => (await loadRedis()).openRedisStore(url, options.redis, options.warn),
  check: async (url, _, options) => (await loadRedis()).checkRedis(url, options.redis),
  hasUsers: async (url, options) => {
    const { openRedisStore } = await loadRedis()
    const opened = await openRedisStore(url, options.redis, () => {})
    return closedAfter(opened, async (store) => (await store.listUsers(null, 1)).items.length > 0)
  },
  backUp: 'Redis has its own: copy its RDB file after BGSAVE, or let a replica keep one.',
  shown: (url) => placeOf(url).shown,
}

const kinds: readonly (readonly [RegExp, Kind])[] = [
  // A colon would be one of SQLite's own names, such as :memory:.
  [/^sqlite:[^:]/, sqlite],
  [/^memory:$/, memory],
  [/^postgres(ql)?:/, postgres],
  [/^rediss?[:+]/, redis],
]

function kindOf(url: string): Kind {
  const [, kind] = kinds.find(([begin]) => begin.test(url)) ?? []
  if (kind !== undefined) return kind
  if (isPath(url)) throw new SetupError(`${url} is a path and no URL: for a SQLite file write sqlite:${url}.`)
  // Nothing else is repeated: it may be anything, such as a password in the wrong place.
  const [scheme] = /^[a-z][a-z\d+.-]*:(?=\/\/|$)/i.exec(url) ?? []
  const wrong = scheme === undefined ? 'This is no URL of a store' : `There is no store for ${scheme}`
  throw new SetupError(
    `${wrong}. Use sqlite:PATH, postgres://…, redis://… or memory:, which forgets everything at the end.`,
  )
}

/**
 * The store that a URL names: `sqlite:PATH`, `postgres://…`, `redis://…`, or `memory:`, which forgets everything at the end. Throws a
 * `SetupError` if there is no such store or it cannot be used.
 */
export const openStore = async (url: string, options: StoreOptions): Promise<Store> =>
  kindOf(url).open(url, options)

/** How the store of a URL is, in a sentence or two, without changing it. Throws a `SetupError` if it cannot be used. */
export const checkStore = async (url: string, deep: boolean, options: CheckOptions): Promise<string> =>
  kindOf(url).check(url, deep, options)

/** Whether anybody is in the store of a URL, so that a start makes no first user. Changes nothing. */
export const storeHasUsers = async (url: string, options: CheckOptions): Promise<boolean> =>
  kindOf(url).hasUsers(url, options)

/** Copies the store of a URL to a new file while a server goes on using it. */
export function backUpStore(url: string, file: string): void {
  const { backUp: make } = kindOf(url)
  if (typeof make === 'string')
    throw new SetupError(`Only a store in a file is backed up by this program. ${make}`)
  make(url, file)
}

/** Which of the stores a URL names. */
export const kindOfStore = (url: string): string => kindOf(url).name

/** The URL as it may be printed and logged: without a password. Throws a `SetupError` if it is none. */
export const shownStore = (url: string): string => kindOf(url).shown(url)

/** What a person is told of a fault of the store of a URL: where that is, and what to do. */
export function sentenceOfFault(url: string, { code, message }: StoreFault): string {
  // SQLite's says both, by whichever of its names.
  if (
    kindOf(url) === sqlite &&
    [pathOf(url), sqlite.place?.(url) ?? ''].some((path) => message.includes(path))
  )
    return message
  const remedy =
    code === 'store_full'
      ? 'Make room there and try again.'
      : 'Try again when it answers; cloakroom check says whether it does.'
  return `${shownStore(url)} failed: ${ended(message)} ${remedy}`
}

/** A message as a sentence that another may follow. */
export const ended = (message: string): string => message.replace(/\.?$/, '.')

/** Does something with a store and closes it. What failed is told, and not that a store which fails could not be closed either. */
export async function closedAfter<T>(store: Store, work: (store: Store) => Promise<T>): Promise<T> {
  let result: T
  try {
    result = await work(store)
  } catch (error) {
    await store.close().catch(() => {})
    throw error
  }
  await store.close()
  return result
}

/** Whether two URLs say that they are of one store. A server that has several names may be one all the same. */
export function isSameStore(a: string, b: string): boolean {
  const kind = kindOf(a)
  const placeOf = kind.place ?? kind.shown
  return kind === kindOf(b) && placeOf(a) === placeOf(b)
}
