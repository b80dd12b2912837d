import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'

/** File descriptors that have to be free before a thread begins: more than it opens, since connections may come meanwhile. */
const SPARE = 64

/**
 * Whether there is room for a thread to begin. Where it can open nothing, Bun ends the whole process, and connections that ask nothing
 * are enough to bring that about.
 */
export function hasRoomForThread(): boolean {
  const opened: number[] = []
  try {
    while (opened.length < SPARE) opened.push(openSync(devNull, 'r'))
    return true
  } catch {
    return false
  } finally {
    for (const descriptor of opened) closeSync(descriptor)
  }
}
