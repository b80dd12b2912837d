import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { endingWithUs } from './daemon.ts'
import { STEP_LIMIT_MS } from './limits.ts'
import { ADMIN_PASSWORD } from './server.ts'

/** The program itself. */
export const MAIN = resolve(import.meta.dir, '../../src/cli/main.ts')

type Signal = 'SIGTERM' | 'SIGINT' | 'SIGHUP' | 'SIGKILL' | 'SIGUSR2'

/** The result of a program that has ended. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A running program. */
export interface Program {
  /** Everything it has written so far; on a terminal, which has only one stream, all of it is `out`. */
  readonly out: string
  readonly err: string
  readonly ended: Promise<Ran>
  /** Resolves as soon as the output matches. Rejects if the program ends before that. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  /** Types on the program's terminal, if it has one. */
  type(text: string): void
  readonly pid: number
  kill(signal: Signal): void
}

/** `cloakroom serve`, with a client's requests. */
export interface ServerProcess extends Program {
  readonly url: string
  readonly port: number
  /** Returns the status of a login and its cookie. The session has no CSRF protection. */
  logIn(uname: string, password: string): Promise<{ status: number; cookie: string }>
  /** Returns the status of a request with a cookie. */
  get(path: string, cookie: string): Promise<number>
}

interface Given {
  /** Standard input. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** Descriptors in place of standard output and error, which are then not captured. */
  readonly stdout?: number
  readonly stderr?: number
}

/** A folder for everything that one test starts. */
export interface Place extends AsyncDisposable {
  /** The working folder of every program. */
  readonly folder: string
  /** Where the programs keep their data, unless a flag says otherwise. */
  readonly data: string
  /** Starts `cloakroom` with these arguments. */
  start(args: readonly string[], given?: Given): Program
  /** The same on a terminal. */
  startOnTerminal(args: readonly string[], given?: Given): Program
  /** The same, and waits until it ends. */
  run(args: readonly string[], given?: Given): Promise<Ran>
  /** Starts a server on a free port; the first admin has `ADMIN_PASSWORD`. Resolves when it listens. */
  serve(
    args?: readonly string[],
    env?: Readonly<Record<string, string>>,
    stderr?: number,
  ): Promise<ServerProcess>
}

/**
 * `await using place = openPlace()` kills what still runs there at the end of the block, and deletes the
 * folder.
 */
export function openPlace(): Place {
  const root = mkdtempSync(join(tmpdir(), 'cloakroom-cli-'))
  const folder = join(root, 'work')
  mkdirSync(folder)
  const started: Program[] = []
  // Programs inherit only the path from the environment: no setting, no proxy, no colours.
  const environment = { PATH: process.env['PATH'] ?? '', HOME: join(root, 'home'), TERM: 'xterm-256color' }
  const keep = <P extends Program>(program: P): P => {
    started.push(program)
    return program
  }
  const place: Place = {
    folder,
    data: join(folder, 'data'),
    start: (args, { env = {}, ...given } = {}) =>
      keep(startPiped(args, { cwd: folder, env: { ...environment, ...env } }, given)),
    startOnTerminal: (args, { env = {} } = {}) =>
      keep(startTyped(args, { cwd: folder, env: { ...environment, ...env } })),
    run: (args, given) => place.start(args, given).ended,
    async serve(args = [], env = { CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD }, stderr = undefined) {
      const given = stderr === undefined ? { env } : { env, stderr }
      const program = place.start(['serve', '--port', '0', ...args], given)
      const [, port] = await program.said(/"event":"start".*"port":(\d+)/)
      return asServer(program, Number(port))
    },
    async [Symbol.asyncDispose]() {
      for (const program of started) program.kill('SIGKILL')
      await Promise.all(started.map(({ ended }) => ended))
      rmSync(root, { recursive: true, force: true })
    },
  }
  return place
}

interface Where {
  readonly cwd: string
  readonly env: Record<string, string>
}

const command = (args: readonly string[]) => endingWithUs([process.execPath, MAIN, ...args])

function startPiped(args: readonly string[], where: Where, given: Given): Program {
  const { input = '', stdout = 'pipe', stderr = 'pipe' } = given
  const child = Bun.spawn(command(args), {
    ...where,
    timeout: STEP_LIMIT_MS,
    killSignal: 'SIGKILL',
    stdin: new TextEncoder().encode(input),
    stdout,
    stderr,
  })
  const heard = newHeard()
  const all = Promise.all([
    child.exited,
    hear(child.stdout, (text) => heard.add('out', text)),
    child.stderr instanceof ReadableStream && hear(child.stderr, (text) => heard.add('err', text)),
  ])
  return asProgram(heard, child, all)
}

function startTyped(args: readonly string[], where: Where): Program {
  const heard = newHeard()
  const decoder = new TextDecoder()
  const closed = Promise.withResolvers<void>()
  const child = Bun.spawn(command(args), {
    ...where,
    timeout: STEP_LIMIT_MS,
    killSignal: 'SIGKILL',
    terminal: {
      cols: 200,
      rows: 50,
      data: (_, bytes) => heard.add('out', decoder.decode(bytes, { stream: true })),
      exit: () => closed.resolve(),
    },
  })
  return asProgram(heard, child, Promise.all([child.exited, closed.promise]))
}

async function hear(
  stream: ReadableStream<Uint8Array> | number | undefined,
  add: (text: string) => void,
): Promise<void> {
  if (stream === undefined || typeof stream === 'number') return
  const decoder = new TextDecoder()
  try {
    for await (const bytes of stream) add(decoder.decode(bytes, { stream: true }))
  } catch (error) {
    // The stream of a killed program sometimes ends like this.
    if ((error as { code?: unknown }).code !== 'ECONNRESET') throw error
  }
}

/** The output of a program, and who waits for more of it. */
function newHeard() {
  const said = { out: '', err: '' }
  let waiting: (() => void)[] = []
  const wake = () => {
    const awake = waiting
    waiting = []
    for (const each of awake) each()
  }
  return {
    said,
    add(stream: 'out' | 'err', text: string) {
      said[stream] += text
      wake()
    },
    wake,
    more: () => new Promise<void>((done) => void waiting.push(done)),
  }
}

function asProgram(
  { said, wake, more }: ReturnType<typeof newHeard>,
  child: Bun.Subprocess,
  all: Promise<unknown>,
): Program {
  let isOver = false
  const ended = all.then(async () => {
    isOver = true
    wake()
    return { code: await child.exited, ...said }
  })
  return {
    get out() {
      return said.out
    },
    get err() {
      return said.err
    },
    ended,
    async said(pattern) {
      for (;;) {
        const found = pattern.exec(said.out) ?? pattern.exec(said.err)
        if (found !== null) return found
        if (isOver) throw new Error(`It ended and never said ${pattern}: ${said.out}${said.err}`)
        await more()
      }
    },
    type: (text) => void child.terminal?.write(text),
    pid: child.pid,
    kill: (signal) => child.kill(signal),
  }
}

function asServer(program: Program, port: number): ServerProcess {
  const url = `http://127.0.0.1:${port}`
  return Object.assign(program, {
    url,
    port,
    async logIn(uname: string, password: string) {
      const { status, headers } = await fetch(`${url}/z_security_check`, {
        method: 'POST',
        body: new URLSearchParams({
          z_username: uname,
          z_password: password,
          z_csrf_protection: 'off',
        }),
        headers: { accept: 'application/json' },
      })
      return { status, cookie: headers.get('set-cookie')?.split(';')[0] ?? '' }
    },
    get: async (path: string, cookie: string) =>
      (await fetch(url + path, { headers: { cookie }, redirect: 'manual' })).status,
  })
}

/** Returns the niceness of a thread, by default of the first one (proc_pid_stat(5), field 19). */
export function nicenessOf(pid: number, thread = pid): number {
  const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
}

/** Returns the niceness of every thread of a process, by number. */
export const nicenesses = (pid: number): ReadonlyMap<number, number> =>
  new Map(readdirSync(`/proc/${pid}/task`).map((thread) => [Number(thread), nicenessOf(pid, Number(thread))]))
