import { SetupError } from '../../errors.ts'

export interface Host {
  readonly host: string
  readonly port: number
}

/** What a URL says of where Redis is. */
export interface Place {
  readonly mode: 'single' | 'cluster' | 'sentinel'
  readonly hosts: readonly [Host, ...Host[]]
  readonly tls: boolean
  readonly username: string | null
  readonly password: string | null
  readonly database: number
  /** What the sentinels call the primary; empty elsewhere. */
  readonly name: string
  /** The URL as it may be shown: without the password. */
  readonly shown: string
}

const FORM =
  /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?#@]+)(?:\/([^/?#]*))?$/
const HOST = /^(\[[\da-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i
const EXAMPLES =
  'redis://host:6379/0, redis+cluster://host:6379,host:6379 or redis+sentinel://host:26379,host:26379/name'

/** The place that a URL names. Throws a `SetupError` if it is none; the URL is not in it, since it may hold a password. */
export function placeOf(url: string): Place {
  const [, s, kind, user, password, hosts = '', path = ''] = FORM.exec(url) ?? []
  const mode = kind === 'cluster' || kind === 'sentinel' ? kind : 'single'
  const [first, ...rest] = hosts.split(',').map((text) => hostOf(text, mode === 'sentinel' ? 26_379 : 6_379))
  const isPath = { single: /^\d{0,5}$/, cluster: /^0?$/, sentinel: /^.+$/ }[mode].test(path)
  if (s === undefined || !first || rest.includes(null) || (mode === 'single' && rest.length > 0) || !isPath) {
    throw new SetupError(`--store is no URL of Redis: use ${EXAMPLES}, with user:password@ before the host.`)
  }
  return {
    mode,
    hosts: [first, ...(rest as Host[])],
    tls: s === 's',
    username: user === undefined || user === '' ? null : decoded(user),
    password: password === undefined ? null : decoded(password),
    database: mode === 'single' ? Number(path) : 0,
    name: mode === 'sentinel' ? decoded(path) : '',
    shown: url
      .replace(/\/\/[^@/]*@/, (login) => `//${login.slice(2, -1).split(':')[0] ?? ''}:***@`)
      .replace('//:***@', '//***@'),
  }
}

function hostOf(text: string, usual: number): Host | null {
  const [, host, port] = HOST.exec(text) ?? []
  if (host === undefined || Number(port ?? usual) > 65_535) return null
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? usual) }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new SetupError(
      '--store has a % in its user, password or name that is not followed by two digits: write it as %25.',
    )
  }
}

export const shownHost = ({ host, port }: Host): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
