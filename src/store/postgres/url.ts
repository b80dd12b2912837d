import { SetupError } from '../../errors.ts'

/** Where a database is, and as whom to go there. */
export interface Place {
  readonly hostname: string
  readonly port: number
  readonly database: string
  readonly username: string
  readonly password: string
  readonly tls: TlsMode
  /** A file with the certificates of the authorities to believe, or null for those of the system. */
  readonly authorities: string | null
}

const TLS_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const
type TlsMode = (typeof TLS_MODES)[number]

const SHAPE = 'postgres://user:password@host:5432/database'

/** One @ at most, with none of / ? # before it: in any other URL a part of the password may be where host, database or parameters are. */
const FORM = /^[a-z]+:\/\/(?:[^@/?#]*@)?[^@#]*$/

/**
 * What a URL says, `postgres://user:password@host:5432/database?sslmode=…&sslrootcert=…`. Throws a `SetupError` that names what is missing
 * and never the password. Nothing comes from the environment. Beyond this machine the default is TLS, without a look at the certificate.
 */
export function placeOf(text: string): Place {
  const url = FORM.test(text) ? URL.parse(text) : null
  if (url === null) {
    throw new SetupError(
      `The URL of the store is none; it must be ${SHAPE}. In a user name or password, write @ / ? # percent-encoded: %40 %2F %3F %23.`,
    )
  }
  const database = decoded(url.pathname.slice(1))
  const username = decoded(url.username)
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1')
  for (const [part, what] of [
    [hostname, 'host'],
    [username, 'user'],
    [database, 'database'],
  ] as const) {
    if (part === '') throw new SetupError(`The URL of the store names no ${what}; it must be ${SHAPE}.`)
  }
  for (const name of url.searchParams.keys()) {
    if (name !== 'sslmode' && name !== 'sslrootcert') {
      throw new SetupError(
        `The URL of the store has a parameter ${name}, which is none; sslmode and sslrootcert are.`,
      )
    }
  }
  const authorities = url.searchParams.get('sslrootcert')
  return {
    hostname,
    port: Number(url.port || 5432),
    database,
    username,
    password: decoded(url.password),
    tls: requireMode(url.searchParams.get('sslmode') ?? defaultMode(hostname, authorities)),
    authorities,
  }
}

/** The URL as it may be shown: without the password. Throws as `placeOf` does, since of what is no URL nobody knows where the password is. */
export function shownUrl(text: string): string {
  placeOf(text)
  const { protocol, username, host, pathname } = new URL(text)
  return `${protocol}//${username}@${host}${pathname}`
}

const defaultMode = (hostname: string, authorities: string | null): TlsMode => {
  if (authorities !== null) return 'verify-full'
  return /^(localhost|127(\.\d+){3}|::1)$/.test(hostname) ? 'disable' : 'require'
}

function requireMode(name: string): TlsMode {
  const mode = TLS_MODES.find((each) => each === name)
  if (mode !== undefined) return mode
  throw new SetupError(`sslmode in the URL of the store must be one of ${TLS_MODES.join(', ')}.`)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    throw new SetupError('The URL of the store has a % that encodes no character; write %25 for it.', {
      cause,
    })
  }
}
