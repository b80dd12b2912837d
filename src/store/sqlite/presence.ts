import { type BigIntStats, statSync } from 'node:fs'

/** Milliseconds between two looks while there is much to write: a look costs as much as a small read. */
const LOOK_PERIOD_MS = 100

/** Of a file that is open elsewhere in this process: to open and close it once more would drop the locks that SQLite has on it. */
const identityOf = (path: string): BigIntStats | 'absent' | 'unknown' => {
  try {
    return statSync(path, { bigint: true })
  } catch (error) {
    const { code } = error as { code?: string }
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'absent' : 'unknown'
  }
}

/**
 * Notices when a file that is in use is deleted, moved away or replaced. The kernel goes on writing to the old one, which nobody would
 * ever find again. A file whose content was overwritten is the same file, and that is not noticed here.
 */
export class Presence {
  readonly #database: string
  readonly #known = new Map<string, BigIntStats>()
  #lookedAt = Number.NEGATIVE_INFINITY

  /** `database`: how the sentences name what the files belong to. */
  constructor(database: string) {
    this.#database = database
  }

  /** Remembers which files are at these paths now. One that is not there is not missed later. */
  expect(paths: readonly string[]): void {
    for (const path of paths) {
      const found = identityOf(path)
      if (typeof found !== 'string') this.#known.set(path, found)
    }
  }

  /** A sentence that says what has happened to one of the files, or null: all are where they were. */
  look(): string | null {
    this.#lookedAt = performance.now()
    for (const [path, { dev, ino }] of this.#known) {
      const found = identityOf(path)
      // A folder that cannot be read for a while has lost nothing.
      if (found === 'unknown') continue
      if (found === 'absent') return this.#sentence(path, 'was deleted or moved')
      if (found.dev !== dev || found.ino !== ino) return this.#sentence(path, 'was replaced by another file')
    }
    return null
  }

  /** The same for whoever asks all the time: null without a look if the last one was a moment ago. */
  lookOften(): string | null {
    return performance.now() - this.#lookedAt < LOOK_PERIOD_MS ? null : this.look()
  }

  #sentence(path: string, what: string): string {
    const which = path === this.#database ? path : `${path}, which belongs to the database ${this.#database},`
    const remedy =
      path === this.#database
        ? 'Put it back, or restore a backup in its place, and start the server again.'
        : 'Leave the files beside a database alone while a server is running, and start the server again.'
    return `${which} ${what} while the server was using it: whatever it wrote from now on would be lost. ${remedy}`
  }
}
