import { readdirSync, readFileSync } from 'node:fs'
import { SetupError } from './errors.ts'

/**
 * Free file descriptors needed per new thread: several times what it opens, since connections may arrive
 * meanwhile.
 */
const FILES_PER_THREAD = 64

/**
 * Tells whether `count` threads can start at once. If a thread can open nothing, Bun ends the whole process,
 * and idle connections alone could cause that.
 */
export const hasRoomForThreads = (count: number): boolean => countFree() >= count * FILES_PER_THREAD

/**
 * Files and connections that a server, or the command line, must be able to open. Each client and thread
 * needs more.
 */
export const SERVER_FILES = 128
export const COMMAND_FILES = 64

export const RAISE_FILES = 'Raise the limit on open files: `ulimit -n 4096`, or `LimitNOFILE=` in systemd.'

/** Processes and threads that a program starts with on a machine with few cores. */
const MIN_PROCESSES = 16

export const NO_THREADS =
  'This user may begin no more processes and threads. Raise the limit: `ulimit -u 512`, `TasksMax=` in systemd, the pids limit of a container.'

/** Throws if the process limits are so low that the program would fail while working, or Bun would end it. */
export function requireLimits(files: number): void {
  const open = readLimit('Max open files')
  if (open < files) {
    throw new SetupError(
      `This program may open only ${open} files and connections, and needs ${files} at least; a server needs one more for each client. ` +
        RAISE_FILES,
    )
  }
  // The limit does not apply to root.
  if (process.geteuid?.() !== 0 && readLimit('Max processes') < MIN_PROCESSES)
    throw new SetupError(NO_THREADS)
}

/** Returns a soft limit of this process. Only Linux can tell. */
function readLimit(name: string): number {
  try {
    const line = readFileSync('/proc/self/limits', 'utf8')
      .split('\n')
      .find((each) => each.startsWith(name))
    return Number(line?.slice(name.length).trim().split(/\s+/)[0] ?? Number.NaN) || Number.POSITIVE_INFINITY
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/**
 * Returns how many descriptors the process may still open. Counts instead of trying, since a starting thread
 * would find those taken.
 */
function countFree(): number {
  // Only Linux can tell.
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
