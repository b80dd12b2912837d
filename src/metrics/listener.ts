import type { Server } from 'bun'
import { requireListening } from '../listen.ts'
import { newExposition } from './exposition.ts'
import type { Sources } from './families.ts'

/** An address to listen on. */
export interface Address {
  readonly hostname: string
  readonly port: number
}

const HEADERS = { 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }

const METHODS = ['GET', 'HEAD']

/**
 * Answers `GET /metrics` and nothing else, on a listener of its own: what it tells is for whoever runs the server, and not for those who
 * log in. Throws a `SetupError` if the address cannot be listened on.
 */
export function listenForMetrics(
  sources: Sources,
  { hostname, port }: Address,
  fault: (error: unknown) => void,
): Server<undefined> {
  const exposition = newExposition(sources)
  const answer = async ({ method }: Request) => {
    if (!METHODS.includes(method))
      return new Response(null, { status: 405, headers: { ...HEADERS, Allow: METHODS.join(', ') } })
    return new Response(await exposition.text(), {
      headers: { ...HEADERS, 'Content-Type': exposition.contentType },
    })
  }
  return requireListening({ hostname, port }, { port: '--metrics', address: '--metrics' }, () =>
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
