import { readdirSync, readFileSync, writeSync } from 'node:fs'

/** Clock ticks per second in which Linux reports CPU time to user programs, on every architecture. */
const TICKS_PER_SECOND = 100

/** A started program that must be stopped. */
export interface Child extends AsyncDisposable {
  readonly pid: number
  /** Resolves with the match as soon as the program has written it to standard output. */
  said(pattern: RegExp): Promise<RegExpExecArray>
}

/** How many characters of a program's output are kept. */
const MAX_OUTPUT_LENGTH = 10_000

interface Given {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** The signal that stops it, if not SIGTERM. */
  readonly stop?: NodeJS.Signals
}

const running = new Set<Bun.Subprocess>()
// However the bench ends, all its child processes end too.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    writeSync(2, `The bench was stopped by ${signal}.\n`)
    process.exit(1)
  })
}

/** The environment of every program: no setting, no proxy. */
const environment = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', NODE_ENV: 'production' }

/** Starts a program that does not outlive the bench. */
function spawn(command: readonly string[], { cwd, env = {} }: Given) {
  const child = Bun.spawn([...command], {
    env: { ...environment, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  running.add(child)
  return child
}

/** Starts a program that runs until it is disposed: it gets a signal, and is killed after five seconds. */
export function startChild(command: readonly string[], given: Given = {}): Child {
  const child = spawn(command, given)
  let out = ''
  let err = ''
  let wake = () => {}
  // Not awaited at the end: children of the program may hold its output open.
  void hear(child.stdout, (text) => {
    out = (out + text).slice(-MAX_OUTPUT_LENGTH)
    wake()
  })
  void hear(child.stderr, (text) => {
    err = (err + text).slice(-MAX_OUTPUT_LENGTH)
  })
  let hasEnded = false
  void child.exited.then(() => {
    hasEnded = true
    running.delete(child)
    wake()
  })
  return {
    pid: child.pid,
    async said(pattern) {
      for (;;) {
        const found = pattern.exec(out)
        if (found !== null) return found
        if (hasEnded)
          throw new Error(`${command.join(' ')} has ended and never said ${pattern}: ${out}${err}`)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill(given.stop ?? 'SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await child.exited
      clearTimeout(timer)
    },
  }
}

async function hear(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  for await (const bytes of stream) add(decoder.decode(bytes, { stream: true }))
}

/** Runs a program to its end and resolves with its standard output. Throws if it failed. */
export async function run(command: readonly string[], given: Given = {}): Promise<string> {
  const child = spawn(command, given)
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  running.delete(child)
  if (code !== 0) throw new Error(`${command.slice(0, 3).join(' ')} failed with ${code}: ${err}${out}`)
  return out
}

/** Returns the CPU time of these processes, their threads and all descendants so far, in microseconds. */
export const cpuOf = (pids: readonly number[]): number => sum(cpuOfEach(pids))

/** The same for each of them. None may be a descendant of another. */
export function cpuOfEach(pids: readonly number[]): readonly number[] {
  const parents = new Map<number, number>()
  const ticks = new Map<number, number>()
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (Number.isNaN(pid)) continue
    const fields = readStat(pid)
    if (fields === null) continue
    parents.set(pid, Number(fields[1]))
    // Its own time, and that of its ended children.
    ticks.set(pid, sum(fields.slice(11, 15).map(Number)))
  }
  const ownerOf = (pid: number): number | undefined => {
    let each: number | undefined = pid
    while (each !== undefined && each > 1 && !pids.includes(each)) each = parents.get(each)
    return each
  }
  const taken = new Map(pids.map((pid) => [pid, 0]))
  for (const [pid, each] of ticks) {
    const owner = ownerOf(pid)
    const before = owner === undefined ? undefined : taken.get(owner)
    if (owner !== undefined && before !== undefined) taken.set(owner, before + each)
  }
  return pids.map((pid) => ((taken.get(pid) ?? 0) / TICKS_PER_SECOND) * 1e6)
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)

/** Returns what follows the program's name in `/proc/PID/stat` (proc_pid_stat(5)); null: it has ended. */
function readStat(pid: number): readonly string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return null
  }
}

/** Returns the resident memory of a process in bytes: all of it, and the part that is no mapped file. */
export function memoryOf(pid: number): { readonly all: number; readonly own: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'latin1')
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1_024
  return { all: bytes('VmRSS'), own: bytes('RssAnon') }
}
