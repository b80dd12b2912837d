import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/**
 * Gets a tenth of the processor time of a busy process with niceness 0. For work that no client waits for.
 */
export const PATIENT = 10

/**
 * Gets half as much as a busy process with niceness 0. Clients wait for logins: beside two busy programs on 2
 * cores, a login took 1.1 s at 10 and takes 0.4 s at 3; reads amid logins are as fast at either.
 */
export const POLITE = 3

/** Gives the calling thread, and threads that it creates later, this niceness, so that others run first. */
export function stepBack(niceness: number): void {
  // Only Linux gives threads different priorities and tells a thread its number.
  if (process.platform !== 'linux') return
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), niceness)
  } catch {
    // Where that is forbidden, as in some containers, the thread keeps its normal priority.
  }
}
