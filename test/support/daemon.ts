import { connect } from 'node:net'
import { join } from 'node:path'

/** A server of another project that runs for a test. */
export interface Daemon extends AsyncDisposable {
  readonly port: number
}

/** Debian's folder for servers is not on every path. */
const PATH = `${process.env['PATH']}:/usr/sbin`

/** Returns the path of a program, including Debian's folder for servers. Null: it is not installed. */
export const findDaemon = (name: string): string | null => Bun.which(name, { PATH })

const SETPRIV = Bun.which('setpriv')

/** Makes a command's process end with this one in any case; unchanged if `setpriv` is missing. */
export const endingWithUs = (command: readonly string[]): string[] => [
  ...(SETPRIV === null ? [] : [SETPRIV, '--pdeathsig', 'SIGKILL']),
  ...command,
]

/**
 * Starts a one-process server in the foreground and resolves when it accepts connections. Stopping it calls
 * `cleanUp`.
 */
export async function startDaemon(
  command: readonly [name: string, ...args: string[]],
  { port, folder }: { readonly port: number; readonly folder: string },
  cleanUp: () => void,
): Promise<Daemon> {
  const [name, ...args] = command
  const log = join(folder, 'stderr')
  const child = Bun.spawn(endingWithUs([findDaemon(name) ?? name, ...args]), {
    stdout: 'ignore',
    stderr: Bun.file(log),
    env: { ...process.env, HOME: folder, XDG_DATA_HOME: folder },
  })
  while (!(await takesConnections(port))) {
    if (child.exitCode !== null) throw new Error(`${name} has ended: ${await Bun.file(log).text()}`)
    await Bun.sleep(2)
  }
  return {
    port,
    async [Symbol.asyncDispose]() {
      // Some wait for open streams.
      child.kill('SIGKILL')
      await child.exited
      cleanUp()
    },
  }
}

const takesConnections = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
