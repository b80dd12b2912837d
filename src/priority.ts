import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Gets a tenth of the processor time of a busy neighbour of niceness 0. For work that nobody waits for. */
export const PATIENT = 10

/**
 * Gets half as much as a busy neighbour. Somebody waits for a login: at 10 one took 1.1 s beside two busy programs on two cores,
 * at 3 it takes 0.4 s, and reads amid logins are as quick.
 */
export const POLITE = 3

/** Gives the calling thread, and those that it makes from now on, this niceness, so that others go first. */
export function stepBack(niceness: number): void {
  // Only Linux has threads of different priority, and tells a thread its number.
  if (process.platform !== 'linux') return
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), niceness)
  } catch {
    // Where that is forbidden, as in some containers, the thread goes on like everything else.
  }
}
