import type { LiveSession, Millis, Use } from '../store.ts'
import type { Changes } from './changes.ts'
import { isSmall, type Packed, type Pairs, withValues } from './packed.ts'
import { newRing, type Ring } from './ring.ts'
import type { Ended } from './session-writes.ts'
import type { Write } from './writer.ts'

/** Bytes of memory for sessions. One with ten small attributes takes about 400. */
const ROOM = 64 * 1_048_576

/** A session in memory. */
export interface Hot extends LiveSession {
  /** Its number in the file. */
  readonly n: number
  readonly packed: Packed
}

/**
 * The sessions that were read last, so that most reads touch neither the file nor its locks. A commit of this process says what it
 * changed, before those who asked for it hear of it; a commit of another process is noticed before the next read, and all are
 * forgotten. So nothing in here is older than the file, but for writes that have not been answered yet.
 */
export class HotSessions {
  readonly #changes: Changes
  /** The commits of other processes when all that is in here was read. */
  #known: number | null
  readonly #ring: Ring = newRing(ROOM)

  constructor(changes: Changes) {
    this.#changes = changes
    this.#known = changes.read()
  }

  /** The session of an id, if it is here and live. */
  find(id: string, now: Millis): Hot | null {
    const count = this.#changes.read()
    if (count !== this.#known || count === null) {
      this.#ring.clear()
      this.#known = count
      return null
    }
    const hot = this.#ring.find(id)
    return hot !== null && now < hot.endsAt ? hot : null
  }

  /** Keeps a session as it was just read from the file. */
  keep(hot: Hot): void {
    this.#ring.add(hot)
  }

  /** The number of a session in the file, if it is here. */
  numberOf(id: string): number | null {
    return this.#ring.numberOf(id)
  }

  /** Takes note of a use that has been committed. */
  touch(use: Use, now: Millis): void {
    this.#ring.touch(use, now)
  }

  /** Takes note of a write of this process that has been committed, other than of uses. */
  committed([name, args]: Write, result: unknown): void {
    switch (name) {
      case 'putAttributes':
        this.#put(args[0] as string, args[1] as Pairs, result)
        break
      case 'removeAttributes':
        this.#ring.remove(args[0] as string)
        break
      case 'endSession':
        if (result !== null) this.#ring.remove((result as Ended).id)
        break
      case 'sweepSessions':
        for (const id of result as readonly (string | null)[]) if (id !== null) this.#ring.remove(id)
        break
      case 'insertSession':
      case 'restoreSession':
      case 'insertUser':
      case 'readSecret':
      case 'addToCounter':
      case 'appendEvents':
      case 'touchSessions':
        break
      default:
        // Ends sessions that are not named, and comes seldom.
        this.#ring.clear()
    }
  }

  #put(id: string, pairs: Pairs, result: unknown): void {
    const { version } = result as { readonly version?: number }
    const hot = version === undefined ? null : this.#ring.find(id)
    // Refused, not here, or read from the file after the commit.
    if (hot === null || version === undefined || version <= hot.version) return
    const packed = withValues(hot.packed, pairs)
    if (version === hot.version + 1 && isSmall(packed)) this.#ring.add({ ...hot, version, packed })
    else this.#ring.remove(id)
  }
}
