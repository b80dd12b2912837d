import { join, resolve } from 'node:path'
import { parse as parseToml, TomlError } from 'smol-toml'
import { closestTo } from './closest.ts'
import { eventsOf, limitsOf } from './coherence.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { SetupError } from './errors.ts'
import { readText } from './files.ts'
import { isLoopbackName } from './host-names.ts'
import { type FlagName, file, type Given, settings } from './settings.ts'

/** All settings with their defaults filled in. Durations are in milliseconds, sizes in bytes. */
export type Config = ReturnType<typeof settled>

/** What the command line sets: the settings that have a flag, as text. */
export type Flags = Readonly<Partial<Record<FlagName | 'config', string>>>

/** The largest key, in bytes, that fits into a PostgreSQL index, whatever else the entry holds. */
const MAX_INDEXED_BYTES = 2_048

/**
 * Returns the settings: flags override the environment, which overrides the file, which overrides the
 * defaults. Throws a `SetupError` that names the setting, where it was set and what would be right.
 */
export function readConfig(flags: Flags, environment: Environment): Config {
  const { config, ...rest } = flags
  const path = config ?? environment['CLOAKROOM_CONFIG']
  const fromFile = path === undefined ? {} : requireValid(readToml(path), (name) => `${name} in ${path}`)
  const variables = readEnvironment(environment)
  const fromEnvironment = requireValid(variables.values, variables.nameOf)
  const fromFlags = requireValid(rest, (name) => `--${name}`)
  const nameOf = (setting: string) => {
    if (isSet(fromFlags, setting)) return `--${setting}`
    return isSet(fromEnvironment, setting) ? variables.nameOf(setting) : `${setting} in ${path}`
  }
  return settled(merged(merged(fromFile, fromEnvironment), fromFlags), nameOf)
}

type Tables = Readonly<Record<string, unknown>>

const isTable = (value: unknown): value is Tables =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** Merges two sets of settings. Where both set a value, the second wins. */
function merged(first: Given, second: Given): Given {
  const over = second as Tables
  const sections = Object.entries(first as Tables)
    .filter(([name, value]) => isTable(value) && isTable(over[name]))
    .map(([name, value]) => [name, merged(value as Given, over[name] as Given)])
  return { ...first, ...second, ...Object.fromEntries(sections) }
}

/** Tells whether a setting such as `session.idle` was given. */
function isSet(given: Given, setting: string): boolean {
  let at: unknown = given
  for (const key of setting.split('.')) at = isTable(at) ? at[key] : undefined
  return at !== undefined
}

function settled(given: Given, nameOf: (setting: string) => string) {
  const {
    port = 8080,
    host: hostname = '127.0.0.1',
    session = {},
    limits = {},
    login = {},
    events = {},
    log = {},
    postgres = {},
    redis = {},
  } = given
  const data = resolve(given.data ?? './data')
  const publicUrl = given['public-url'] ?? null
  const onlyProxies = requireSafeTransport(given, hostname, nameOf)
  const metrics = requireLocalMetrics(given, nameOf)
  // Port 0 is a different port each time.
  if (metrics?.port === port && metrics.hostname === hostname && port !== 0) {
    throw new SetupError(
      `${nameOf('metrics')} ${hostname}:${port} is where the server itself listens. Choose another port for one of them.`,
    )
  }
  const store = given.store ?? `sqlite:${join(data, 'cloakroom.db')}`
  requireIndexable(limits.key, store, nameOf)
  const ofSession = sessionOf(session)
  return {
    port,
    hostname,
    data,
    /** May contain a password; use `shownStore` for readers who must not see it. */
    store,
    /** Null: http on the host and port that the server listens on. */
    publicUrl,
    /** What no password may be: the host, which an attacker tries first. */
    knownWords: publicUrl === null ? [] : [publicUrl.hostname],
    /** Null: no metrics are served. */
    metrics,
    trustedProxies: given['trusted-proxies'] ?? [],
    /** Whether only trusted proxies and this machine may connect. */
    onlyProxies,
    returnHosts: given['return-hosts'] ?? [],
    /** Names of the server besides that of the public URL. */
    hosts: given.hosts ?? [],
    hsts: given.hsts ?? 'host',
    clearSiteData: given['clear-site-data'] ?? true,
    drain: given.drain ?? 1_000,
    /** The product whose clients get the responses that they know, where those differ from ours. */
    compat: given.compat ?? 'off',
    cookie: cookieOf(given.cookie ?? {}, publicUrl?.hostname ?? hostname),
    ...ofSession,
    limits: limitsOf(limits, ofSession.perUser, nameOf),
    login: filled<LoginSettings>(login, {
      // One core stays free for users who are logged in.
      'hashes-at-once': Math.max(1, navigator.hardwareConcurrency - 1),
      'user-attempts': 10,
      'user-window': 5 * 60_000,
      'address-attempts': 100,
      'address-window': 10 * 60_000,
      'keep-token': 'programs',
    }),
    events: eventsOf(events, nameOf),
    postgres: filled(postgres, { timeout: 1_000, connections: 8 }),
    redis: requireTime(redisOf(redis), nameOf),
    log: filled<LogSettings>(log, { level: 'info', format: 'auto' }),
  }
}

const sessionOf = (given: NonNullable<Given['session']>) => ({
  idle: given.idle ?? 30 * 60_000,
  lifetime: given.lifetime ?? 12 * 3_600_000,
  fresh: given.fresh ?? 10 * 60_000,
  perUser: given['per-user'] ?? 100,
  atLimit: given['at-limit'] ?? 'end-oldest',
})

type FileLog = NonNullable<Given['log']>
type FileLogin = NonNullable<Given['login']>
type LoginSettings = { [K in keyof FileLogin]-?: NonNullable<FileLogin[K]> }
type LogSettings = { [K in keyof FileLog]-?: NonNullable<FileLog[K]> }

/** Fills in the default of each setting that was not given. */
const filled = <T extends object>(given: { [K in keyof T]?: T[K] | undefined }, defaults: T): T => ({
  ...defaults,
  ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>),
})

const cookieOf = (given: NonNullable<Given['cookie']>, hostname: string) => ({
  name: given.name ?? 'zsessionid',
  prefix: given.prefix ?? 'auto',
  domain: requireOwnDomain(given.domain, hostname),
})

const redisOf = (given: NonNullable<Given['redis']>) => ({
  timeout: given.timeout ?? 800,
  replicas: given['wait-replicas'] ?? 0,
  replicaTimeout: given['wait-timeout'] ?? 500,
  allowEviction: given['allow-eviction'] ?? false,
})

/**
 * Throws if waiting for replicas may take as long as the whole reply: then no caller could learn that they
 * did not confirm.
 */
function requireTime(redis: ReturnType<typeof redisOf>, nameOf: (setting: string) => string) {
  const { timeout, replicas, replicaTimeout } = redis
  if (replicas === 0 || replicaTimeout < timeout) return redis
  throw new SetupError(
    `redis.wait-timeout, which is ${replicaTimeout}ms, must be less than redis.timeout, which is ${timeout}ms, ` +
      `since ${nameOf('redis.wait-replicas')} is ${replicas}.`,
  )
}

/** Throws if PostgreSQL could not store a key of that size. */
function requireIndexable(key: number | undefined, store: string, nameOf: (setting: string) => string) {
  if (key === undefined || key <= MAX_INDEXED_BYTES || !store.startsWith('postgres')) return
  throw new SetupError(
    `${nameOf('limits.key')} must be 2 KiB at most with PostgreSQL, whose index takes no longer ones.`,
  )
}

function requireOwnDomain(given: string | undefined, hostname: string): string | null {
  const cookieDomain = given?.replace(/^\./, '') ?? null
  if (cookieDomain === null || hostname === cookieDomain || hostname.endsWith(`.${cookieDomain}`))
    return cookieDomain
  throw new SetupError(
    `cookie.domain ${cookieDomain} is not a domain of ${hostname}: browsers would drop the cookie. Set --public-url to a URL in that domain.`,
  )
}

/**
 * Throws if passwords and cookies would cross the network over plain http, unless the operator allowed it.
 * Returns whether only trusted proxies may connect; they bring requests that came over https.
 */
function requireSafeTransport(given: Given, hostname: string, nameOf: (setting: string) => string): boolean {
  if (isLoopbackName(hostname) || given['allow-plain-http'] === true) return false
  const proxies = given['trusted-proxies'] ?? []
  const everybody = proxies.find((network) => network.endsWith('/0'))
  if (proxies.length > 0 && everybody === undefined) return true
  throw new SetupError(
    `${nameOf('host')} ${hostname} would take passwords and cookies over plain http from other machines` +
      `${everybody === undefined ? '' : `, since ${nameOf('trusted-proxies')} has ${everybody}`}. Put a proxy with https before it and name ` +
      'its address, such as trusted-proxies = ["10.0.0.7"]: then nobody else can connect. Or say --allow-plain-http true if you mean it.',
  )
}

/**
 * Returns where metrics are served. Throws if other machines could read them and the operator did not allow
 * it: metrics need no login and are not encrypted.
 */
function requireLocalMetrics({ metrics, ...given }: Given, nameOf: (setting: string) => string) {
  if (metrics === undefined || isLoopbackName(metrics.hostname) || given['allow-plain-http'] === true)
    return metrics ?? null
  throw new SetupError(
    `${nameOf('metrics')} ${metrics.hostname} would tell whoever asks from other machines, over plain http, how busy the server is and how ` +
      'many logins fail. Name an address of this machine alone, such as 127.0.0.1, or say --allow-plain-http true if you mean it.',
  )
}

function requireValid(given: object, nameOf: (setting: string) => string): Given {
  const result = file.safeParse(given)
  if (result.success) return result.data
  const [issue] = result.error.issues
  if (issue?.code === 'unrecognized_keys') {
    const unknown = [...issue.path, issue.keys[0]].join('.')
    const closest = closestTo(
      unknown,
      settings.map(({ name }) => name),
    )
    const hint = closest === null ? '' : ` Did you mean ${closest}?`
    throw new SetupError(`There is no setting ${nameOf(unknown)}.${hint} docs/operating.md lists them all.`)
  }
  throw new SetupError(`${settingAt(issue?.path ?? [], nameOf)} ${issue?.message ?? 'is not valid'}.`)
}

/** Returns a setting's name from its path. Entries of a list are counted from 1. */
function settingAt(path: readonly PropertyKey[], nameOf: (setting: string) => string): string {
  const last = path.at(-1)
  const name = (keys: readonly PropertyKey[]) => nameOf(keys.join('.'))
  return typeof last === 'number' ? `entry ${last + 1} of ${name(path.slice(0, -1))}` : name(path)
}

function readToml(path: string): object {
  const content = readText(path, 'The settings file', 'Name one that exists with --config.')
  try {
    return parseToml(content)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    // Without the lines at the message's end: they may contain the store's password.
    const [reason = ''] = cause.message.replace(/^Invalid TOML document: /, '').split('\n')
    throw new SetupError(
      `The settings file ${path} is not TOML: ${reason}, in line ${cause.line}, column ${cause.column}.`,
      { cause },
    )
  }
}
