import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A named pipe whose reader reads only on request. */
export interface Fifo extends Disposable {
  /** What a program writes to. */
  readonly descriptor: number
  /** Reads all that is in it now. */
  read(): string
  /** Fills it, so that the next write has to wait. */
  fill(): void
  /** Closes the reading end: the writer gets EPIPE. */
  leave(): void
}

/** Makes a pipe in a folder. */
export function openFifo(folder: string): Fifo {
  const path = join(folder, `fifo-${crypto.randomUUID()}`)
  if (Bun.spawnSync(['mkfifo', path]).exitCode !== 0) throw new Error(`${path} cannot be made.`)
  // Opened for both at first, since each end waits for the other.
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  const descriptor = openSync(path, constants.O_WRONLY)
  let isOpen = true
  const leave = () => {
    if (isOpen) closeSync(reader)
    isOpen = false
  }
  return {
    descriptor,
    read() {
      const parts: Buffer[] = []
      for (;;) {
        const bytes = Buffer.alloc(64 * 1024)
        const count = orNone(() => readSync(reader, bytes))
        if (count === 0) return Buffer.concat(parts).toString()
        parts.push(bytes.subarray(0, count))
      }
    },
    fill() {
      while (orNone(() => writeSync(reader, Buffer.alloc(4_096, 'x'))) > 0);
    },
    leave,
    [Symbol.dispose]() {
      leave()
      closeSync(descriptor)
    },
  }
}

/** Returns how many bytes; 0 if the descriptor would block. */
function orNone(act: () => number): number {
  try {
    return act()
  } catch (error) {
    if ((error as { code?: string }).code === 'EAGAIN') return 0
    throw error
  }
}
