import type { Database, Statement } from 'bun:sqlite'
import type { Changes } from './changes.ts'

/**
 * The state of the file that is read. To begin a read of a file with a log takes its locks, four system calls, which cost as much as
 * finding a session. So while nobody writes, reads share one transaction; it ends before the first write begins, since a log that
 * somebody is reading is never folded in whole.
 */
export class Snapshot {
  readonly #changes: Changes | null
  readonly #db: Database
  readonly #begin: Statement
  readonly #end: Statement
  #isHeld = false
  /** The commits of other processes before it began. */
  #known: number | null = null
  #isWriting = false

  /** `changes`: of other processes; null if reads are too few to share anything. */
  constructor(db: Database, changes: Changes | null) {
    this.#db = db
    this.#changes = changes
    this.#begin = db.query('BEGIN')
    this.#end = db.query('COMMIT')
  }

  /** Reads, all at one instant, what was committed before. */
  read<T>(read: () => T): T {
    if (this.#isHeld) {
      if (this.#changes !== null && this.#changes.read() === this.#known) return read()
      this.#let()
    }
    // Before the first read: whatever is committed in between is only taken for newer than it is.
    this.#known = this.#changes?.read() ?? null
    this.#begin.run()
    this.#isHeld = true
    try {
      return read()
    } finally {
      if (this.#known === null || this.#isWriting) this.#let()
    }
  }

  /** To be called before this process writes. */
  beginWriting(): void {
    this.#isWriting = true
    this.#let()
  }

  /** To be called when what it wrote is known to have been committed, or not to have been. */
  endWriting(): void {
    this.#isWriting = false
  }

  close(): void {
    this.#let()
  }

  #let(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    // An error may have ended it.
    if (!this.#db.inTransaction) return
    try {
      this.#end.run()
    } catch (error) {
      // On a damaged file the end repeats what a read of it has told already, and is the end all the same.
      if (this.#db.inTransaction) throw error
    }
  }
}
