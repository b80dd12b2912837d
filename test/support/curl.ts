import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A shell with a home folder of its own, which is deleted at the end of the block. */
export interface Shell extends Disposable {
  readonly home: string
  /** Runs a command through `sh -c` and resolves with what it printed. Throws if it failed. */
  run(command: string): Promise<string>
  /** Runs curl, which prints only errors. */
  curl(...args: string[]): Promise<string>
}

/** `using shell = openShell()`. It inherits only the path from the environment: no proxy, no `.curlrc`. */
export function openShell(): Shell {
  const home = mkdtempSync(join(tmpdir(), 'cloakroom-home-'))
  const run = async (...command: string[]) => {
    // Never the synchronous variant: the server that must answer runs in this process.
    const program = Bun.spawn(command, {
      cwd: home,
      env: { PATH: process.env['PATH'], HOME: home },
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [output, errors, status] = await Promise.all([
      new Response(program.stdout).text(),
      new Response(program.stderr).text(),
      program.exited,
    ])
    if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}: ${errors}${output}`)
    return output
  }
  return {
    home,
    run: (command) => run('sh', '-c', command),
    curl: (...args) => run('curl', '--silent', '--show-error', ...args),
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  }
}
