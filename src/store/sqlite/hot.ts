import { handleOf, type Millis, type ReadSession } from '../store.ts'
import type { Changes } from './changes.ts'
import type { Write } from './writer.ts'

/** What the sessions in memory may take, in bytes, as estimated by `COST`. */
const ROOM = 64 * 1_048_576

/** Bytes that a session in memory takes besides its attributes. */
const COST = 1_000

/** A session with more bytes of attributes is read from the file each time: one of those would push out many others. */
export const LARGEST = 8_192

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
  #young = new Map<string, ReadSession>()
  #old = new Map<string, ReadSession>()
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
    const handle = handleOf(id)
    const session = this.#young.get(handle) ?? this.#promote(handle)
    return session !== undefined && session.id === id && now < session.endsAt ? session : null
  }

  /** Keeps a session as it was just read from the file, with all of its attributes, which are so many bytes. */
  keep(session: ReadSession, bytes: number): void {
    this.#young.set(handleOf(session.id), session)
    this.#size += COST + bytes
    if (this.#size < ROOM / 2) return
    this.#old = this.#young
    this.#young = new Map()
    this.#size = 0
  }

  /** Takes note of a write of this process that has been committed. */
  committed([name, args]: Write): void {
    switch (name) {
      case 'putAttributes':
      case 'removeAttributes':
        this.#forget(handleOf(args[0] as string))
        break
      case 'endSession':
        this.#forget(args[0] as string)
        break
      case 'touchSessions':
        for (const { handle } of args[0] as readonly { readonly handle: string }[]) this.#forget(handle)
        break
      case 'insertSession':
      case 'insertUser':
      case 'readSecret':
      case 'ping':
        break
      default:
        // Ends sessions that are not named, and comes seldom.
        this.#forgetAll()
    }
  }

  #promote(handle: string): ReadSession | undefined {
    const session = this.#old.get(handle)
    if (session === undefined) return undefined
    this.#old.delete(handle)
    this.keep(session, 0)
    return session
  }

  #forget(handle: string): void {
    this.#young.delete(handle)
    this.#old.delete(handle)
  }

  #forgetAll(): void {
    this.#young = new Map()
    this.#old = new Map()
    this.#size = 0
  }
}
