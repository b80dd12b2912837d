import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ADMIN_PASSWORD } from '../support/server.ts'
import { type Block, root } from './markdown.ts'

/** A command of a document, and what the document says that it prints. */
export interface Step {
  readonly command: string
  readonly expected: string
  /** Where it stands, as `README.md:12`. */
  readonly place: string
}

/** Where the documents say that the server listens. */
const ADDRESS = '127.0.0.1:8080'

/**
 * The commands of `sh` blocks. A line that begins with `$ ` is a command, which a `\` at its end carries on; the lines up to the next
 * one are what it prints, where `…` stands for anything. A block without such a line is commands alone, whatever they print.
 */
export function stepsOf(blocks: readonly Block[]): Step[] {
  return blocks.flatMap(({ path, line, content }) => {
    const joined = content.replaceAll('\\\n', '\\\n\0').split(/\n(?!\0)/)
    const lines = joined.map((each) => each.replaceAll('\0', ''))
    const isTranscript = lines.some((each) => each.startsWith('$ '))
    const steps: { command: string; expected: string; place: string }[] = []
    for (const each of lines) {
      const place = `${path}:${line}`
      if (!isTranscript && each !== '') steps.push({ command: each, expected: '…', place })
      else if (each.startsWith('$ ')) steps.push({ command: each.slice(2), expected: '', place })
      else if (steps.length > 0) (steps.at(-1) as { expected: string }).expected += `${each}\n`
    }
    return steps
  })
}

/** Whether what was printed is what was expected; blanks at the end are nobody's business. */
export function isAsExpected(expected: string, printed: string): boolean {
  const pattern = expected
    .trimEnd()
    .split('…')
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('[\\s\\S]*?')
  return new RegExp(`^${pattern}$`).test(printed.trimEnd())
}

/** What somebody has who cloned the project and started the server in there, and the end of it. */
export interface Clone extends AsyncDisposable {
  /** Types the commands into one shell, in this order, and resolves with what each of them printed. */
  type(commands: readonly string[]): Promise<string[]>
}

/** The variables with which a document says that its server was started: `A=1 B='2' npm start`. */
export function settingsIn(text: string): Record<string, string> {
  const [, assignments = ''] = /`((?:CLOAKROOM_\w+=(?:'[^']*'|\S+) )+)npm start/.exec(text) ?? []
  const pairs = [...assignments.matchAll(/(\w+)=(?:'([^']*)'|(\S+))/g)]
  return Object.fromEntries(pairs.map(([, name = '', quoted, bare]) => [name, quoted ?? bare ?? '']))
}

/** The project in a folder of its own, a home that is empty, and a server on a free port. */
export async function openClone(settings: Readonly<Record<string, string>> = {}): Promise<Clone> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-docs-'))
  for (const name of ['package.json', 'node_modules', 'src'])
    symlinkSync(join(root, name), join(folder, name))
  // Nothing of the environment gets in but the path: no settings, no proxy.
  const env = { PATH: process.env['PATH'] ?? '', HOME: join(folder, 'home') }
  await Bun.write(join(env.HOME, '.npmrc'), 'update-notifier=false\n')
  const server = Bun.spawn([process.execPath, 'src/cli/main.ts', 'serve'], {
    cwd: folder,
    env: { ...env, CLOAKROOM_PORT: '0', CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD, ...settings },
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const port = await portOf(server.stdout).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  return {
    async type(commands) {
      const mark = `-- ${crypto.randomUUID()}`
      const typed = commands.map(
        (each) => `${each.replaceAll(ADDRESS, `127.0.0.1:${port}`)}\nprintf '%s' '${mark}'\n`,
      )
      writeFileSync(join(folder, 'typed'), `exec 2>&1\n${typed.join('')}`)
      const shell = Bun.spawn(['sh', 'typed'], {
        cwd: folder,
        env,
        stdout: 'pipe',
        stderr: 'pipe',
        stdin: null,
      })
      const output = (await new Response(shell.stdout).text()).replaceAll('\r', '')
      return output
        .replaceAll(`127.0.0.1:${port}`, ADDRESS)
        .replaceAll(folder, '/home/you/cloakroom')
        .split(mark)
    },
    async [Symbol.asyncDispose]() {
      server.kill('SIGTERM')
      await server.exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The port in the line that the server logs when it listens. Reads on behind it, since a full pipe would stop the server. */
async function portOf(stdout: ReadableStream<Uint8Array>): Promise<number> {
  const reader = stdout.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`The server has not started: ${text}`)
    text += decoder.decode(value, { stream: true })
    const [, port] = /"event":"start",.*"port":(\d+)/.exec(text) ?? []
    if (port === undefined) continue
    void drain(reader)
    return Number(port)
  }
}

async function drain(reader: { read(): Promise<{ readonly done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}
