import type { Server } from 'bun'
import { Hosts } from '../hosts.ts'
import { METRICS, requireListening } from '../listen.ts'
import { newExposition } from './exposition.ts'
import type { Sources } from './families.ts'

/** An address to listen on. */
export interface Address {
  readonly hostname: string
  readonly port: number
}

interface MetricsSettings extends Address {
  /** Names of this machine, besides its addresses and the names that no stranger can own. */
  readonly hosts: readonly string[]
}

const MISDIRECTED =
  'This listener does not know the host in the Host header. Ask it by an address of this machine, or name the host in the setting hosts.\n'

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
}

const METHODS = ['GET', 'HEAD']

/**
 * Serves `GET /metrics` and nothing else, on its own listener: metrics are for operators, not for users.
 * Throws a `SetupError` if it cannot listen on the address.
 */
export function listenForMetrics(
  sources: Sources,
  { hostname, port, hosts: more }: MetricsSettings,
  fault: (error: unknown) => void,
): Server<undefined> {
  const exposition = newExposition(sources)
  const hosts = new Hosts({ publicHost: null, listenHost: hostname, more })
  const answer = async ({ method, headers }: Request) => {
    // Prevents DNS rebinding: otherwise a web page whose name resolves to this address could read the
    // metrics.
    if (!hosts.isOurs(headers.get('host'), { peer: '' }))
      return new Response(MISDIRECTED, { status: 421, headers: HEADERS })
    if (!METHODS.includes(method))
      return new Response(null, { status: 405, headers: { ...HEADERS, Allow: METHODS.join(', ') } })
    return new Response(await exposition.text(), {
      headers: { ...HEADERS, 'Content-Type': exposition.contentType },
    })
  }
  return requireListening({ hostname, port }, METRICS, () =>
    Bun.serve({
      hostname,
      port,
      development: false,
      reusePort: false,
      routes: { '/metrics': answer },
      fetch: () => new Response('Metrics are at /metrics.\n', { status: 404, headers: HEADERS }),
      error(error) {
        fault(error)
        return new Response(null, { status: 500, headers: HEADERS })
      },
    }),
  )
}
