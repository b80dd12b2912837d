import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { parse as parseToml, TomlError } from 'smol-toml'
import { getPublicSuffix } from 'tldts'
import { z } from 'zod'
import { SetupError } from './errors.ts'

/** Every setting, with its default in place. Durations are milliseconds, sizes bytes. */
export type Config = ReturnType<typeof settled>

/** What the command line gives: the settings that have a flag, as text. */
export type Flags = Readonly<Partial<Record<FlagName | 'config', string>>>

type Environment = Readonly<Record<string, string | undefined>>

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const sizes: Readonly<Record<string, number>> = { b: 1, kib: 1_024, mib: 1_048_576, gib: 1_073_741_824 }

/** A number with a unit, as the number of the smallest unit. */
const measure = (by: Readonly<Record<string, number>>, example: string) =>
  z.string({ error: `must be a text with a unit, such as "${example}"` }).transform((text, context) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/i.exec(text.trim()) ?? []
    const value = Math.round(Number(number) * (by[unit?.toLowerCase() ?? ''] ?? Number.NaN))
    if (value > 0 && Number.isSafeInteger(value)) return value
    context.addIssue({
      code: 'custom',
      message: `must be a number above 0 with one of the units ${Object.keys(by).join(', ')}, such as "${example}"`,
    })
    return z.NEVER
  })

const duration = measure(units, '30m')
/** Timers count no further than 24 days; a day is long enough to wait for a password. */
const window = duration.refine((value) => value <= 86_400_000, 'must be one day ("1d") at most')
const size = measure(sizes, '64 KiB')
const whole = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`
  const digits = z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
  return z
    .union([z.number(), digits], { error })
    .refine((n) => Number.isInteger(n) && n >= least && n <= most, error)
}
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` })
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')], {
  error: 'must be true or false',
})
const text = z.string({ error: 'must be a text' }).min(1, 'must not be empty')

const webUrl = text.transform((value, context) => {
  const url = URL.parse(value)
  const isOrigin =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.pathname === '/' &&
    url.search + url.hash + url.username + url.password === ''
  if (isOrigin) return url
  context.addIssue({
    code: 'custom',
    message: 'must be http:// or https:// and a host, without a path, such as https://login.example.com',
  })
  return z.NEVER
})

const storeUrl = text.refine(
  (value) => /^(sqlite:(?!:).+|memory:)$/.test(value),
  'must be sqlite:PATH; this version has no other store',
)

const network = text.refine((value) => {
  const [address = '', bits, ...rest] = value.split('/')
  const most = isIP(address) === 6 ? 128 : 32
  return (
    isIP(address) !== 0 &&
    rest.length === 0 &&
    (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= most))
  )
}, 'must be an address or a network, such as 10.0.0.0/8')

const host = text.refine(
  (value) => URL.parse(`https://${value}`)?.host === value,
  'must be a host, such as app.example.com',
)

const cookieDomain = text.refine((value) => {
  const name = value.replace(/^\./, '')
  return (
    getPublicSuffix(name, { allowPrivateDomains: true }) !== name &&
    URL.parse(`https://${name}`)?.hostname === name &&
    isIP(name) === 0
  )
}, 'must be a domain that its owner can share a cookie in, such as example.com, and no public suffix')

const COOKIE_NAME =
  'must be letters, digits, - and _, without __ at the start: the prefix follows from --public-url'
const cookieName = z.string({ error: COOKIE_NAME }).regex(/^(?!__)[\w-]{1,64}$/, COOKIE_NAME)

/** A table of the file, all of whose settings may be left out. */
const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z
    .strictObject(shape, {
      error: ({ code }) => (code === 'invalid_type' ? 'must be a table, such as [limits]' : undefined),
    })
    .partial()

/** The settings that have a flag and a variable of the environment. */
const flagged = {
  port: whole(0, 65_535),
  host: text,
  data: text,
  store: storeUrl,
  'public-url': webUrl,
  'allow-plain-http': flag,
}
type FlagName = keyof typeof flagged

/** The file: the same names, and all that has no flag. */
const file = z
  .strictObject({
    ...flagged,
    'trusted-proxies': z.array(network, { error: 'must be a list' }),
    'return-hosts': z.array(host, { error: 'must be a list' }),
    cookie: section({ name: cookieName, domain: cookieDomain }),
    session: section({ idle: duration, lifetime: duration }),
    limits: section({ key: size, value: size, attributes: whole(1, 1_000_000), session: size, body: size }),
    login: section({
      'hashes-at-once': whole(1, 64),
      'user-attempts': whole(1, 1_000_000),
      'user-window': window,
      'address-attempts': whole(1, 1_000_000),
      'address-window': window,
    }),
    log: section({
      level: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
      format: oneOf(['auto', 'text', 'json']),
    }),
  })
  .partial()

/** Variables that are not settings. */
const OTHER_VARIABLES = ['CLOAKROOM_CONFIG', 'CLOAKROOM_ADMIN_PASSWORD']

/**
 * The settings, from flags before the environment before the file before the defaults; the only reader of the environment. Throws a
 * `SetupError` that names the setting, where it was set and what would be right.
 */
export function readConfig(flags: Flags, environment: Environment): Config {
  const { config, ...rest } = flags
  const path = config ?? environment['CLOAKROOM_CONFIG']
  const fromFile = path === undefined ? {} : requireValid(readToml(path), (name) => `${name} in ${path}`)
  const fromEnvironment = requireValid(variablesOf(environment), (name) => variableOf(name))
  const fromFlags = requireValid(rest, (name) => `--${name}`)
  const nameOf = (setting: string) =>
    setting in fromFlags
      ? `--${setting}`
      : setting in fromEnvironment
        ? variableOf(setting)
        : `${setting} in ${path}`
  return settled({ ...fromFile, ...fromEnvironment, ...fromFlags }, nameOf)
}

/** The password that the first admin is to have, if the environment names one. */
export const adminPassword = (environment: Environment): string | null =>
  environment['CLOAKROOM_ADMIN_PASSWORD'] ?? null

function settled(given: z.infer<typeof file>, nameOf: (setting: string) => string) {
  const { port = 8080, host: hostname = '127.0.0.1', session = {}, limits = {}, login = {}, log = {} } = given
  const data = resolve(given.data ?? './data')
  const publicUrl = given['public-url'] ?? null
  const isPrivate =
    isLoopback(hostname) || publicUrl?.protocol === 'https:' || given['allow-plain-http'] === true
  // Passwords and cookies cross no network in the clear unless somebody said so.
  if (!isPrivate) {
    throw new SetupError(
      `${nameOf('host')} ${hostname} would take passwords and cookies over plain http from other machines. Put a proxy with https ` +
        'before it and name its URL with --public-url https://…, or say --allow-plain-http true if you mean it.',
    )
  }
  return {
    port,
    hostname,
    data,
    store: given.store ?? `sqlite:${join(data, 'cloakroom.db')}`,
    /** Null: http on the host and port that the server listens on. */
    publicUrl,
    trustedProxies: given['trusted-proxies'] ?? [],
    returnHosts: given['return-hosts'] ?? [],
    cookie: {
      name: given.cookie?.name ?? 'zsessionid',
      domain: requireOwnDomain(given.cookie?.domain, publicUrl?.hostname ?? hostname),
    },
    ...filled(session, { idle: 30 * 60_000, lifetime: 12 * 3_600_000 }),
    limits: filled(limits, {
      key: 256,
      value: 65_536,
      attributes: 1_024,
      session: 1_048_576,
      body: 1_048_576,
    }),
    login: filled(login, {
      // One core stays for those who are logged in.
      'hashes-at-once': Math.max(1, navigator.hardwareConcurrency - 1),
      'user-attempts': 10,
      'user-window': 5 * 60_000,
      'address-attempts': 100,
      'address-window': 10 * 60_000,
    }),
    log: filled<LogSettings>(log, { level: 'info', format: 'auto' }),
  }
}

type FileLog = NonNullable<z.infer<typeof file>['log']>
type LogSettings = { [K in keyof FileLog]-?: NonNullable<FileLog[K]> }

/** What was given, and the default of whatever was not. */
const filled = <T extends object>(given: { [K in keyof T]?: T[K] | undefined }, defaults: T): T => ({
  ...defaults,
  ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<T>),
})

function requireOwnDomain(given: string | undefined, hostname: string): string | null {
  const cookieDomain = given?.replace(/^\./, '') ?? null
  if (cookieDomain === null || hostname === cookieDomain || hostname.endsWith(`.${cookieDomain}`))
    return cookieDomain
  throw new SetupError(
    `cookie.domain ${cookieDomain} is not a domain of ${hostname}: browsers would drop the cookie. Set --public-url to a URL in that domain.`,
  )
}

const isLoopback = (hostname: string) =>
  hostname === 'localhost' || hostname === '::1' || /^127(\.\d+){3}$/.test(hostname)

function requireValid(given: object, nameOf: (setting: string) => string): z.infer<typeof file> {
  const result = file.safeParse(given)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const setting = issue?.path.join('.') ?? ''
  if (issue?.code === 'unrecognized_keys') {
    const unknown = [...issue.path, issue.keys[0]].join('.')
    throw new SetupError(`There is no setting ${nameOf(unknown)}. docs/operating.md lists them all.`)
  }
  throw new SetupError(`${nameOf(setting)} ${issue?.message ?? 'is not valid'}.`)
}

function readToml(path: string): object {
  let content: string
  try {
    content = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new SetupError(`The settings file ${path} cannot be read. Name one that exists with --config.`, {
      cause,
    })
  }
  try {
    return parseToml(content)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause
    throw new SetupError(`The settings file ${path} is not TOML: ${cause.message}`, { cause })
  }
}

const variableOf = (setting: string) => `CLOAKROOM_${setting.toUpperCase().replaceAll('-', '_')}`

/** The settings in the environment; a variable of ours that is none stops the start, since it was meant to be one. */
function variablesOf(environment: Environment): object {
  const settings = new Map(Object.keys(flagged).map((setting) => [variableOf(setting), setting]))
  const found: Record<string, string> = {}
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('CLOAKROOM_') || OTHER_VARIABLES.includes(variable) || value === undefined)
      continue
    const setting = settings.get(variable)
    if (setting === undefined) {
      throw new SetupError(
        `There is no setting ${variable}. Those of the environment are ${[...settings.keys(), ...OTHER_VARIABLES].join(', ')}.`,
      )
    }
    found[setting] = value
  }
  return found
}
