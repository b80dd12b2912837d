import type { LiveSession, Millis, Use } from '../store.ts'
import type { Changes } from './changes.ts'
import { isSmall, type Packed, type Pairs, withValues } from './packed.ts'
import type { Write } from './writer.ts'

/** What the sessions in memory may take, in bytes, as estimated by `sizeOf`. */
const ROOM = 96 * 1_048_576

/** Bytes that a session in memory takes besides its attributes, as measured with 100,000 of them. */
const COST = 450

/** A session in memory. */
export interface Hot {
  readonly session: LiveSession
  readonly packed: Packed
}

const sizeOf = ({ packed }: Hot) => COST + packed.length

/**
 * The sessions that were read last, so that most reads touch neither the file nor its locks. A commit of this process says what it
 * changed, before those who asked for it hear of it; a commit of another process is noticed before the next read, and all are
 * forgotten. So nothing in here is older than the file, but for writes that have not been answered yet.
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
  find(id: string, now: Millis): Hot | null {
    const count = this.#changes.read()
    if (count !== this.#known || count === null) {
      this.#forgetAll()
      this.#known = count
      return null
    }
    const hot = this.#young.get(id) ?? this.#promote(id)
    return hot !== undefined && now < hot.session.endsAt ? hot : null
  }

  /** Keeps a session as it was just read from the file. */
  keep(hot: Hot): void {
    this.#young.set(hot.session.id, hot)
    this.#size += sizeOf(hot)
    if (this.#size < ROOM / 2) return
    this.#old = this.#young
    this.#young = new Map()
    this.#size = 0
  }

  /** Takes note of a write of this process that has been committed. */
  committed([name, args]: Write, result: unknown): void {
    switch (name) {
      case 'putAttributes':
        this.#put(args[0] as string, args[1] as Pairs, result)
        break
      case 'removeAttributes':
        this.#forget(args[0] as string)
        break
      case 'touchSessions':
        for (const use of args[0] as readonly Use[]) this.#touch(use, args[1] as Millis)
        break
      case 'endSession':
        if (result !== null) this.#forget(result as string)
        break
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

  #put(id: string, pairs: Pairs, result: unknown): void {
    const hot = this.#young.get(id) ?? this.#old.get(id)
    const { version } = result as { readonly version?: number }
    // Refused, or read from the file after the commit.
    if (hot === undefined || version === undefined || version <= hot.session.version) return
    const packed = withValues(hot.packed, pairs)
    if (version === hot.session.version + 1 && isSmall(packed))
      this.#replace({ session: { ...hot.session, version }, packed })
    else this.#forget(id)
  }

  /** As the store does it: forward, never back, and only while the session is live. */
  #touch({ id, usedAt, endsAt }: Use, now: Millis): void {
    const hot = this.#young.get(id) ?? this.#old.get(id)
    if (hot === undefined || hot.session.endsAt <= now) return
    const { session } = hot
    this.#replace({
      session: {
        ...session,
        usedAt: Math.max(session.usedAt, usedAt),
        endsAt: Math.max(session.endsAt, Math.min(endsAt, session.latestEndsAt)),
      },
      packed: hot.packed,
    })
  }

  /** Where it is: what has changed was not read. */
  #replace(hot: Hot): void {
    const { id } = hot.session
    const young = this.#young.get(id)
    if (young === undefined) {
      this.#old.set(id, hot)
      return
    }
    this.#young.set(id, hot)
    this.#size += sizeOf(hot) - sizeOf(young)
  }

  #promote(id: string): Hot | undefined {
    const hot = this.#old.get(id)
    if (hot === undefined) return undefined
    this.#old.delete(id)
    this.keep(hot)
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
