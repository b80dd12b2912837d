import { SetupError } from './errors.ts'

interface Address {
  readonly hostname: string
  readonly port: number
}

/** Names of the settings for a port and for an address with its port, as sentences use them. */
interface Flags {
  readonly port: string
  readonly address: string
}

export const LISTENING: Flags = { port: '--port', address: '--host and --port' }
export const METRICS: Flags = { port: '--metrics', address: '--metrics' }

/** Ports below it need a privilege on most systems. */
const FIRST_FREE_PORT = 1_024

/**
 * Throws a `SetupError` if no server could listen there. Accepts a port in use: a running server may have it.
 */
export function requireListenable(address: Address, flags: Flags): void {
  const { hostname, port } = address
  try {
    Bun.listen({ hostname, port: port < FIRST_FREE_PORT ? port : 0, socket: { data() {} } }).stop(true)
  } catch (cause) {
    if (!isTaken(cause, port < FIRST_FREE_PORT ? port : 0)) throw cannotListen(address, flags, cause)
  }
}

/** Listens, or throws a `SetupError` that says which setting to change. */
export function requireListening<T>(address: Address, flags: Flags, listen: () => T): T {
  try {
    return listen()
  } catch (cause) {
    throw cannotListen(address, flags, cause)
  }
}

/** The same error reports a host that is not this machine's, but port 0 is never in use. */
const isTaken = (cause: unknown, port: number) => codeOf(cause) === 'EADDRINUSE' && port !== 0

const codeOf = (cause: unknown) => (cause as { code?: string }).code

function cannotListen({ hostname, port }: Address, flags: Flags, cause: unknown): SetupError {
  const code = codeOf(cause)
  const said = (sentence: string) => new SetupError(sentence, { cause })
  if (isTaken(cause, port))
    return said(
      `Port ${port} of ${hostname} is taken. Stop what listens there, or choose another with ${flags.port}.`,
    )
  if (code === 'EACCES')
    return said(
      `Port ${port} of ${hostname} is for privileged programs alone. Choose one from ${FIRST_FREE_PORT} up with ${flags.port}, behind a proxy, or give the program the right (CAP_NET_BIND_SERVICE).`,
    )
  const why = code === undefined || code === 'EADDRINUSE' ? '' : ` (${code})`
  return said(
    `${hostname}:${port} cannot be listened on${why}: this machine may not have that address. Choose others with ${flags.address}.`,
  )
}
