import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeWith, lackOf } from './installed.ts'
import { freePort } from './port.ts'
import { startProxy } from './proxy.ts'
import { type RedisServer, startRedis } from './redis.ts'

/** A certificate authority. Programs trust it only if they are configured to. */
export interface Authority extends Disposable {
  /** The variables of a program that trusts it. */
  readonly trusted: { readonly NODE_EXTRA_CA_CERTS: string }
  /**
   * Issues a certificate for names and addresses, such as `DNS:localhost,IP:127.0.0.1`, valid for `days`
   * days.
   */
  issue(names: string, days?: number): Issued
}

/** The files of an issued certificate. */
export interface Issued {
  readonly key: string
  readonly certificate: string
  /** The certificate of the authority. */
  readonly authority: string
}

export const HERE = 'DNS:localhost,IP:127.0.0.1'

/** Tests with a real Redis that speaks TLS. */
export const describeWithTls = (says: string, tests: () => void): void =>
  describeWith('Redis and openssl', lackOf(['redis-server', 'redis-cli', 'openssl']), says, tests)

export function openAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-authority-'))
  const at = (name: string) => join(folder, name)
  const openssl = (...args: readonly string[]) => {
    const made = Bun.spawnSync(['openssl', ...args])
    if (!made.success) throw new Error(made.stderr.toString())
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const [ownKey, own] = [at('authority.key'), at('authority.crt')]
  const about = ['-days', '2', '-subj', '/CN=authority', '-addext', 'basicConstraints=critical,CA:TRUE']
  openssl('req', '-x509', ...newKey, ...about, '-keyout', ownKey, '-out', own)
  let count = 0
  return {
    trusted: { NODE_EXTRA_CA_CERTS: own },
    issue(names, days = 2) {
      const name = at(String(count++))
      const [key, certificate] = [`${name}.key`, `${name}.crt`]
      const [request, extensions] = [`${name}.csr`, `${name}.ext`]
      writeFileSync(extensions, `subjectAltName=${names}\n`)
      openssl('req', '-new', ...newKey, '-subj', '/CN=server', '-keyout', key, '-out', request)
      const by = [
        '-CA',
        own,
        '-CAkey',
        ownKey,
        '-CAcreateserial',
        '-days',
        String(days),
        '-extfile',
        extensions,
      ]
      openssl('x509', '-req', '-in', request, ...by, '-out', certificate)
      return { key, certificate, authority: own }
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/**
 * Returns the settings of a Redis with this certificate that requires none from clients, and uses TLS between
 * servers too.
 */
export const settingsWith = ({ key, certificate, authority }: Issued, port: number): readonly string[] => [
  ...['--tls-port', String(port), '--tls-cert-file', certificate, '--tls-key-file', key],
  ...['--tls-ca-cert-file', authority, '--tls-auth-clients', 'no', '--tls-replication', 'yes'],
]

/** A Redis with TLS at `tlsPort` and plain TCP at `port`. */
export async function startTlsRedis(
  issued: Issued,
  settings: readonly string[] = [],
): Promise<RedisServer & { readonly tlsPort: number }> {
  const tlsPort = freePort()
  return { ...(await startRedis([...settingsWith(issued, tlsPort), ...settings])), tlsPort }
}

export type Tapped = ReturnType<typeof startTapped>

/** A tapped network before a server: `heard` is what each connection has sent so far. */
export function startTapped(port: number) {
  const parts = new Map<object, Uint8Array[]>()
  const proxy = startProxy(port, (bytes, connection) => {
    parts.set(connection, [...(parts.get(connection) ?? []), Uint8Array.from(bytes)])
  })
  return Object.assign(proxy, {
    heard: (): readonly Buffer[] => [...parts.values()].map((each) => Buffer.concat(each)),
  })
}
