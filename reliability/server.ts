import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ADMIN_PASSWORD } from '../test/support/server.ts'

const MAIN = resolve(import.meta.dir, '../src/cli/main.ts')

/** Milliseconds after which a server that does not listen yet counts as failed. */
const MAX_START_MS = 60_000

/** A server in its own process that may run for hours, with measurements from the operating system. */
export interface Observed extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly database: string
  /** The folder, which is deleted at the end. */
  readonly folder: string
  measure(): Measured
  /**
   * CPU time in milliseconds of the thread that answers requests. Other work on the machine does not count.
   */
  cpuOfAnswers(): number
  /** Stops it in order. Resolves with its exit code. */
  stop(): Promise<number>
}

/** In bytes, except the descriptors. */
export interface Measured {
  readonly rss: number
  readonly descriptors: number
  readonly file: number
  readonly wal: number
}

interface Given {
  /** Settings. */
  readonly toml?: string
  /** Default: a free one. */
  readonly port?: number
  /** A program that runs the server as its child, such as strace. */
  readonly under?: readonly string[]
}

/** `await using server = await startObserved()` kills it at the end of the block and deletes its folder. */
export async function startObserved({
  toml = '',
  port: wanted = 0,
  under = [],
}: Given = {}): Promise<Observed> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-reliability-'))
  const settings = join(folder, 'settings.toml')
  writeFileSync(settings, toml)
  const data = join(folder, 'data')
  // To a file: an hour of log lines does not fit into memory.
  const log = join(folder, 'log')
  const output = openSync(log, 'w')
  const flags = ['serve', '--port', String(wanted), '--data', data, '--config', settings]
  const child = Bun.spawn([...under, process.execPath, MAIN, ...flags], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD,
      CLOAKROOM_DRAIN: '1ms',
    },
    stdin: 'ignore',
    stdout: output,
    stderr: output,
  })
  closeSync(output)
  const port = await portIn(log, child)
  const pid = under.length === 0 ? child.pid : onlyChildOf(child.pid)
  const database = join(data, 'cloakroom.db')
  const stop = async () => {
    process.kill(pid, 'SIGTERM')
    return child.exited
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    database,
    folder,
    measure: () => ({
      rss: residentOf(pid),
      descriptors: readdirSync(`/proc/${pid}/fd`).length,
      file: sizeOf(database),
      wal: sizeOf(`${database}-wal`),
    }),
    cpuOfAnswers: () => mainThreadCpuOf(pid),
    stop,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) process.kill(pid, 'SIGKILL')
      await child.exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Why nothing can be measured here, or null. */
export const cannotMeasure: string | null =
  process.platform === 'linux' ? null : 'only Linux tells by /proc what a process has in use'

async function portIn(log: string, child: Bun.Subprocess): Promise<number> {
  const latest = Date.now() + MAX_START_MS
  while (child.exitCode === null && Date.now() < latest) {
    const [, port] = /"event":"start".*"port":(\d+)/.exec(readFileSync(log, 'utf8')) ?? []
    if (port !== undefined) return Number(port)
    await Bun.sleep(5)
  }
  child.kill('SIGKILL')
  throw new Error(`The server has not started: ${readFileSync(log, 'utf8')}`)
}

const onlyChildOf = (pid: number) =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])

function residentOf(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) * 1_024
}

/** Milliseconds of one tick of the kernel's accounting (USER_HZ). */
const TICK_MS = 10

function mainThreadCpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8')
  // After the name, which may contain spaces: utime and stime are fields 14 and 15 of the line.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
