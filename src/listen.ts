import { SetupError } from './errors.ts'

/** The settings that choose a port, and an address with its port, as a sentence names them. */
interface Flags {
  readonly port: string
  readonly address: string
}

/** Listens, or throws a `SetupError` that says which setting to change. */
export function requireListening<T>(
  { hostname, port }: { readonly hostname: string; readonly port: number },
  flags: Flags,
  listen: () => T,
): T {
  try {
    return listen()
  } catch (cause) {
    const code = (cause as { code?: string }).code
    // A host that is none of this machine is said to be in use as well, but port 0 never is.
    if (code === 'EADDRINUSE' && port !== 0) {
      throw new SetupError(
        `Port ${port} of ${hostname} is taken. Stop what listens there, or choose another with ${flags.port}.`,
        { cause },
      )
    }
    throw new SetupError(
      `${hostname}:${port} cannot be listened on (${code ?? cause}). Choose others with ${flags.address}.`,
      { cause },
    )
  }
}
