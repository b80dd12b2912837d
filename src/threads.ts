import { readdirSync, readFileSync } from 'node:fs'

/** File descriptors that have to be free for each thread that begins: several times what it opens, since connections may come meanwhile. */
const SPARE = 64

/**
 * Whether there is room for so many threads to begin at once. Where one can open nothing, Bun ends the whole process, and connections that
 * ask nothing are enough to bring that about.
 */
export const hasRoomForThreads = (count: number): boolean => countFree() >= count * SPARE

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
