import type { Millis, ReadSession } from '../store.ts'
import type { Changes } from './changes.ts'
import type { Write } from './writer.ts'

/** What the sessions in memory may take, in bytes, as estimated by `COST`. */
const ROOM = 96 * 1_048_576

/** Bytes that a session in memory takes besides its attributes, as measured with 100,000 of them. */
const COST = 650

/** A session with more bytes of attributes is read from the file each time: one of those would push out many others. */
export const LARGEST = 8_192

interface Hot {
  readonly session: ReadSession
  /** Of its attributes. */
  readonly bytes: number
}

/**
 * The sessions that were read last, with all of their attributes, so that most reads touch neither the file nor its locks. A commit of
 * this process says what it changed, before those who asked for it hear of it; a commit of another process is noticed before the next
 * read, and all are forgotten. So nothing in here is older than the file, but for writes that have not been answered yet.
 *
 * Two generations stand for the order of use: what is read moves to the young one, and when that has filled its half of the room, the
 * old one is dropped.
 */
export class HotSessions {
  readonly #changes: Changes
  /** The commits of other processes when all that is in here was read. */
  #known: number | null
  #young = new Map<string, Hot>()
  #old = new Map<string, Hot>()
  #size = 0

  constructor(changes: Changes) {
    this.#changes = changes
    this.#known = changes.read()
  }

  /** The session of an id, if it is here and live. */
  find(id: string, now: Millis): ReadSession | null {
    const count = this.#changes.read()
    if (count !== this.#known || count === null) {
      this.#forgetAll()
      this.#known = count
      return null
    }
    const hot = this.#young.get(id) ?? this.#promote(id)
    return hot !== undefined && now < hot.session.endsAt ? hot.session : null
  }

  /** Keeps a session as it was just read from the file, with all of its attributes, which are so many bytes. */
  keep(session: ReadSession, bytes: number): void {
    this.#young.set(session.id, { session, bytes })
    this.#size += COST + bytes
    if (this.#size < ROOM / 2) return
    this.#old = this.#young
    this.#young = new Map()
    this.#size = 0
  }

  /** Takes note of a write of this process that has been committed. */
  committed([name, args]: Write, result: unknown): void {
    switch (name) {
      case 'putAttributes':
      case 'removeAttributes':
        this.#forget(args[0] as string)
        break
      case 'endSession':
        if (result !== null) this.#forget(result as string)
        break
      case 'touchSessions':
      case 'sweepSessions':
        for (const id of result as readonly (string | null)[]) if (id !== null) this.#forget(id)
        break
      case 'insertSession':
      case 'insertUser':
      case 'readSecret':
      case 'addToCounter':
      case 'ping':
        break
      default:
        // Ends sessions that are not named, and comes seldom.
        this.#forgetAll()
    }
  }

  #promote(id: string): Hot | undefined {
    const hot = this.#old.get(id)
    if (hot === undefined) return undefined
    this.#old.delete(id)
    this.keep(hot.session, hot.bytes)
    return hot
  }

  #forget(id: string): void {
    this.#young.delete(id)
    this.#old.delete(id)
  }

  #forgetAll(): void {
    this.#young = new Map()
    this.#old = new Map()
    this.#size = 0
  }
}
