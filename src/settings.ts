import { isIP } from 'node:net'
import { getPublicSuffix } from 'tldts'
import { z } from 'zod'
import { formatHost } from './host-names.ts'
import { isPath } from './paths.ts'

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const sizes: Readonly<Record<string, number>> = { b: 1, kib: 1_024, mib: 1_048_576, gib: 1_073_741_824 }

/** Parses a number with a unit into a number of the smallest unit. */
const measure = (by: Readonly<Record<string, number>>, example: string) =>
  z.string({ error: `must be a text with a unit, such as "${example}"` }).transform((text, context) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/i.exec(text.trim()) ?? []
    const value = Math.round(Number(number) * (by[unit?.toLowerCase() ?? ''] ?? Number.NaN))
    // A number too large to represent is rejected by the setting's bound, whose message says what is
    // possible.
    if (value > 0) return Math.min(value, Number.MAX_SAFE_INTEGER)
    context.addIssue({
      code: 'custom',
      message: `must be a number above 0 with one of the units ${Object.keys(by).join(', ')}, such as "${example}"`,
    })
    return z.NEVER
  })

/** The longest duration, in days. Today plus this is before the year 9999, so dates keep 4 digits. */
const LONGEST_DAYS = 2_800_000

const duration = measure(units, '30m').refine(
  (value) => value <= LONGEST_DAYS * 86_400_000,
  `must be ${LONGEST_DAYS}d at most: with a longer one it would lead beyond the year 9999, which no date is written for`,
)
/** With less, the session would end before the next request could arrive. */
const sessionTime = duration.refine((value) => value >= 100, 'must be 100ms at least')
/** With less, a busy disk would count as an unavailable store; with more, requests would pile up. */
const patience = duration.refine((value) => value >= 100 && value <= 60_000, 'must be from 100ms to 1m')
/** A shutdown takes at most 10 seconds in total. */
const drain = duration.refine((value) => value <= 5_000, 'must be 5s at most')
/** Timers reach no further than 24 days; a day is long enough to wait for a password. */
const window = duration.refine((value) => value <= 86_400_000, 'must be one day ("1d") at most')
/** No back end stores a larger value. */
const size = measure(sizes, '64 KiB').refine((value) => value <= 1_073_741_824, 'must be 1 GiB at most')
/** For many sessions, each of which a back end stores separately. */
const userSize = measure(sizes, '16 MiB').refine(
  (value) => value <= 1_099_511_627_776,
  'must be 1024 GiB at most',
)
/** With less, a login does not fit into a body. */
const bodySize = size.refine((value) => value >= 1_024, 'must be 1 KiB at least')
const whole = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`
  const digits = z
    .string()
    .regex(/^(0|[1-9]\d{0,8})$/)
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

const STORE =
  'must be sqlite:PATH, redis://HOST:PORT, redis+cluster://HOST:PORT,HOST:PORT, redis+sentinel://HOST:PORT,HOST:PORT/NAME or postgres://USER:PASSWORD@HOST:PORT/DATABASE'
const storeUrl = text.superRefine((value, context) => {
  if (
    /^(sqlite:(?!:).+|memory:|postgres(ql)?:\/\/.+@[^/]+\/.+|rediss?(\+cluster|\+sentinel)?:\/\/.+)$/.test(
      value,
    )
  )
    return
  const message = isPath(value) ? `must be a URL: for a SQLite file write sqlite:${value}` : STORE
  context.addIssue({ code: 'custom', message })
})

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

const hostName = text.refine(
  (value) => URL.parse(`https://${value}`)?.hostname === value,
  'must be a host without a port, such as app.example.com',
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

const listenHost = text
  .refine(
    (value) => isIP(value.replace(/^\[(.*)\]$/, '$1')) !== 0 || !/[:/?#@\s]/.test(value),
    'must be an address or a name of this machine, such as 127.0.0.1, without a scheme and a port',
  )
  .transform(formatHost)

const METRICS = 'must be HOST:PORT, such as 127.0.0.1:9464'
const address = z.string({ error: METRICS }).transform((value, context) => {
  const [, bracketed, name, digits] = /^(?:\[([\da-f:.]+)\]|([\w.-]+)):(\d{1,5})$/i.exec(value) ?? []
  const hostname = bracketed ?? name ?? ''
  const port = Number(digits)
  const isHost = bracketed === undefined ? URL.canParse(`http://${hostname}`) : isIP(bracketed) === 6
  if (isHost && port <= 65_535) return { hostname: formatHost(hostname), port }
  context.addIssue({ code: 'custom', message: METRICS })
  return z.NEVER
})

/** A table of the file whose settings are all optional. */
const section = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z
    .strictObject(shape, {
      error: ({ code }) => (code === 'invalid_type' ? 'must be a table, such as [limits]' : undefined),
    })
    .partial()

/** The settings that have a flag and an environment variable. */
export const flagged = {
  port: whole(0, 65_535),
  host: listenHost,
  data: text,
  store: storeUrl,
  'public-url': webUrl,
  'allow-plain-http': flag,
  metrics: address,
}
export type FlagName = keyof typeof flagged

/** The settings file: the same names, and those without a flag. */
export const file = z
  .strictObject({
    ...flagged,
    'trusted-proxies': z.array(network, { error: 'must be a list' }),
    drain,
    'return-hosts': z.array(host, { error: 'must be a list' }),
    hosts: z.array(hostName, { error: 'must be a list' }),
    hsts: oneOf(['off', 'host', 'subdomains']),
    'clear-site-data': flag,
    compat: oneOf(['off', 'mmonit']),
    cookie: section({ name: cookieName, domain: cookieDomain, prefix: oneOf(['auto', 'none']) }),
    session: section({
      idle: sessionTime,
      lifetime: sessionTime,
      fresh: duration,
      'per-user': whole(1, 100_000),
      'at-limit': oneOf(['end-oldest', 'refuse']),
    }),
    limits: section({
      key: size,
      value: size,
      attributes: whole(1, 1_000_000),
      session: size,
      user: userSize,
      body: bodySize,
      bodies: bodySize,
    }),
    login: section({
      'hashes-at-once': whole(1, 64),
      'user-attempts': whole(1, 1_000_000),
      'user-window': window,
      'address-attempts': whole(1, 1_000_000),
      'address-window': window,
      'keep-token': oneOf(['programs', 'never']),
    }),
    events: section({
      streams: whole(0, 1_000_000),
      'streams-per-session': whole(1, 1_000_000),
      'count-as-use': flag,
    }),
    postgres: section({ timeout: patience, connections: whole(2, 1_000) }),
    redis: section({
      timeout: patience,
      'wait-replicas': whole(0, 100),
      'wait-timeout': patience,
      'allow-eviction': flag,
    }),
    log: section({
      level: oneOf(['debug', 'info', 'warn', 'error', 'silent']),
      format: oneOf(['auto', 'text', 'json']),
    }),
  })
  .partial()

/** The contents of a settings file after validation. */
export type Given = z.infer<typeof file>

/** A setting with its name, such as `session.idle`. */
export interface Setting {
  readonly name: string
  readonly isList: boolean
  /** Whether it may contain a password, so that an environment variable may name a file with it. */
  readonly isSecret: boolean
}

const secrets = ['store']

/** Every setting that has one value or a list of values. */
export const settings: readonly Setting[] = settingsOf(file, '')

function settingsOf(table: z.ZodObject, prefix: string): Setting[] {
  return Object.entries(table.shape).flatMap(([key, type]) => {
    const inner = type instanceof z.ZodOptional ? type.unwrap() : type
    const name = prefix + key
    if (inner instanceof z.ZodObject) return settingsOf(inner, `${name}.`)
    return { name, isList: inner instanceof z.ZodArray, isSecret: secrets.includes(name) }
  })
}
