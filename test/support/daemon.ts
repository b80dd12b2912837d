import { connect } from 'node:net'
import { join } from 'node:path'

/** A server of another project that runs for a test. */
export interface Daemon extends AsyncDisposable {
  readonly port: number
}

/** Where Debian puts servers is not on everybody's path. */
const PATH = `${process.env['PATH']}:/usr/sbin`

/** The path of a program, wherever Debian puts servers; null: it is not installed. */
export const findDaemon = (name: string): string | null => Bun.which(name, { PATH })

const SETPRIV = Bun.which('setpriv')

/** A command whose process ends with this one, whatever becomes of that; where there is no `setpriv`, as it is. */
export const endingWithUs = (command: readonly string[]): string[] => [
  ...(SETPRIV === null ? [] : [SETPRIV, '--pdeathsig', 'SIGKILL']),
  ...command,
]

/** Starts a server of one process, in the foreground, and resolves when it takes connections. Stopping it calls `cleanUp`. */
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
      // Some wait for the streams that are open.
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
