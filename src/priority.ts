import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Processor time goes to threads of this niceness when the others leave some, and a tenth of it when they do not. */
const NICENESS = 10

/** Has the calling thread, and those that it makes from now on, wait for their turn behind those that answer requests. */
export function stepBack(): void {
  // Only Linux has threads of different priority, and tells a thread its number.
  if (process.platform !== 'linux') return
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS)
  } catch {
    // Where that is forbidden, as in some containers, the thread goes on like everything else.
  }
}
