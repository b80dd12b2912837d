import { join, resolve } from 'node:path'
import { parse as parseToml, TomlError } from 'smol-toml'
import { closestTo } from './closest.ts'
import { eventsOf, limitsOf } from './coherence.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { SetupError } from './errors.ts'
import { readText } from './files.ts'
import { isLoopbackName } from './host-names.ts'
import { type FlagName, file, type Given, settings } from './settings.ts'

/** Every setting, with its default in place. Durations are milliseconds, sizes bytes. */
export type Config = ReturnType<typeof settled>

/** What the command line gives: the settings that have a flag, as text. */
export type Flags = Readonly<Partial<Record<FlagName | 'config', string>>>

/** Bytes of a key that PostgreSQL has room for in an index, whatever else is in there with it. */
const LARGEST_INDEXED = 2_048

/**
 * The settings, from flags before the environment before the file before the defaults. Throws a `SetupError` that names the setting,
 * where it was set and what would be right.
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

/** What either sets; where both do, what the second says. */
function merged(first: Given, second: Given): Given {
  const over = second as Tables
  const sections = Object.entries(first as Tables)
    .filter(([name, value]) => isTable(value) && isTable(over[name]))
    .map(([name, value]) => [name, merged(value as Given, over[name] as Given)])
  return { ...first, ...second, ...Object.fromEntries(sections) }
}

/** Whether a setting such as `session.idle` is among those given. */
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
  const onlyProxies = requireClosed(given, hostname, nameOf)
  const metrics = requireClose(given, nameOf)
  // A port of 0 is another one each time.
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
    /** May have a password in it; `shownStore` is for those who may not see that. */
    store,
    /** Null: http on the host and port that the server listens on. */
    publicUrl,
    /** What no password may be: the host, which an attacker tries first. */
    knownWords: publicUrl === null ? [] : [publicUrl.hostname],
    /** Null: nobody is told of any. */
    metrics,
    trustedProxies: given['trusted-proxies'] ?? [],
    /** Whether connections from others than trusted proxies and this machine are refused. */
    onlyProxies,
    returnHosts: given['return-hosts'] ?? [],
    /** Names of the server besides that of the public URL. */
    hosts: given.hosts ?? [],
    hsts: given.hsts ?? 'host',
    clearSiteData: given['clear-site-data'] ?? true,
    drain: given.drain ?? 1_000,
    /** Whose clients get the answers that they know where those differ from ours. */
    compat: given.compat ?? 'off',
    cookie: cookieOf(given.cookie ?? {}, publicUrl?.hostname ?? hostname),
    ...ofSession,
    limits: limitsOf(limits, ofSession.perUser, nameOf),
    login: filled<LoginSettings>(login, {
      // One core stays for those who are logged in.
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

/** What was given, and the default of whatever was not. */
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

/** Refuses to wait for replicas as long as for the whole answer: nobody could learn then that they did not confirm. */
function requireTime(redis: ReturnType<typeof redisOf>, nameOf: (setting: string) => string) {
  const { timeout, replicas, replicaTimeout } = redis
  if (replicas === 0 || replicaTimeout < timeout) return redis
  throw new SetupError(
    `redis.wait-timeout, which is ${replicaTimeout}ms, must be less than redis.timeout, which is ${timeout}ms, ` +
      `since ${nameOf('redis.wait-replicas')} is ${replicas}.`,
  )
}

/** Refuses what PostgreSQL could not keep. */
function requireIndexable(key: number | undefined, store: string, nameOf: (setting: string) => string) {
  if (key === undefined || key <= LARGEST_INDEXED || !store.startsWith('postgres')) return
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
 * Refuses to take passwords and cookies from other machines over plain http unless the operator said so. Returns whether only trusted
 * proxies may connect, which bring requests that came over https.
 */
function requireClosed(given: Given, hostname: string, nameOf: (setting: string) => string): boolean {
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

/** Where metrics are told. Beyond this machine only on purpose: whoever asks gets them, without a login and in the clear. */
function requireClose({ metrics, ...given }: Given, nameOf: (setting: string) => string) {
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

/** A setting by its path. Entries of a list are counted from 1, as people count. */
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
    // Without the lines that the message has at its end: the password of the store may be in them.
    const [reason = ''] = cause.message.replace(/^Invalid TOML document: /, '').split('\n')
    throw new SetupError(
      `The settings file ${path} is not TOML: ${reason}, in line ${cause.line}, column ${cause.column}.`,
      { cause },
    )
  }
}
