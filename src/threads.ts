import { readdirSync, readFileSync } from 'node:fs'
import { SetupError } from './errors.ts'

/** File descriptors that have to be free for each thread that begins: several times what it opens, since connections may come meanwhile. */
const SPARE = 64

/**
 * Whether there is room for so many threads to begin at once. Where one can open nothing, Bun ends the whole process, and connections that
 * ask nothing are enough to bring that about.
 */
export const hasRoomForThreads = (count: number): boolean => countFree() >= count * SPARE

/** Files and connections that a server has to be able to open, and the command line. Each client and each thread needs more. */
export const SERVER_FILES = 128
export const COMMAND_FILES = 64

export const RAISE_FILES = 'Raise the limit on open files: `ulimit -n 4096`, or `LimitNOFILE=` in systemd.'

/** Processes and threads that a program begins with, on a machine with few cores. */
const THREADS = 16

export const NO_THREADS =
  'This user may begin no more processes and threads. Raise the limit: `ulimit -u 512`, `TasksMax=` in systemd, the pids limit of a container.'

/** Refuses to begin where the limits of the process are so low that it would fail amid its work, or Bun end it. */
export function requireLimits(files: number): void {
  const open = limitOf('Max open files')
  if (open < files) {
    throw new SetupError(
      `This program may open only ${open} files and connections, and needs ${files} at least; a server needs one more for each client. ` +
        RAISE_FILES,
    )
  }
  // Root is bound by no such limit.
  if (process.geteuid?.() !== 0 && limitOf('Max processes') < THREADS) throw new SetupError(NO_THREADS)
}

/** A soft limit of this process. Only Linux tells. */
function limitOf(name: string): number {
  try {
    const line = readFileSync('/proc/self/limits', 'utf8')
      .split('\n')
      .find((each) => each.startsWith(name))
    return Number(line?.slice(name.length).trim().split(/\s+/)[0] ?? Number.NaN) || Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** Descriptors that the process may still open. Counted and not tried, since a thread that just begins would find them taken. */
function countFree(): number {
  // Only Linux tells.
  if (process.platform !== 'linux') return Number.POSITIVE_INFINITY
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return limit === undefined
      ? Number.POSITIVE_INFINITY
      : Number(limit) - readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}
