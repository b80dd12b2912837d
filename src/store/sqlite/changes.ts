import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { makeFile } from './ownership.ts'

/** Bytes of the file: two counters of 32 bits. */
const SIZE = 8

/**
 * How a process that keeps sessions in memory learns of the commits of other processes, such as the command line's, without a system
 * call: a file beside the database, in the memory of all, that counts commits which have begun and those which are done. One that was
 * killed in between leaves them apart until the next start, and whoever reads till then looks into the database, which is slower and right.
 *
 * Not the counter that SQLite keeps in its own shared memory: to open and close that file would drop SQLite's locks on it.
 */
export class Changes {
  readonly #counts: Int32Array<ArrayBuffer>

  constructor(path: string) {
    const file = `${path}.changes`
    makeFile(file, path)
    const descriptor = openSync(file, 'a')
    // Written and not only made longer: to touch a page that has no place on a full disk would kill the process.
    if (fstatSync(descriptor).size < SIZE) writeSync(descriptor, new Uint8Array(SIZE))
    closeSync(descriptor)
    const bytes = Bun.mmap(file, { shared: true })
    this.#counts = new Int32Array(bytes.buffer, bytes.byteOffset, 2)
  }

  /** To be called while the database is locked for the commit, before it. */
  begin(): void {
    Atomics.add(this.#counts, 0, 1)
  }

  done(): void {
    Atomics.add(this.#counts, 1, 1)
  }

  /** Forgets what a killed process has left. To be called while the database is locked, so that no commit is under way. */
  settle(): void {
    Atomics.store(this.#counts, 1, Atomics.load(this.#counts, 0))
  }

  /** How many commits there have been, or null: one is under way. */
  read(): number | null {
    const begun = Atomics.load(this.#counts, 0)
    return begun === Atomics.load(this.#counts, 1) ? begun : null
  }
}
