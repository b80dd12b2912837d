import type { Change, EndReason, LiveSession, Millis, ReadSession, Store, Watch } from '../store/store.ts'
import type { Clock } from './lifetime.ts'
import { isReserved } from './limits.ts'
import { idOf, type Token } from './token.ts'
import type { Touches } from './touches.ts'

/** The longest delay of a timer, in milliseconds. */
const MAX_TIMER_MS = 2_147_483_647

/** Milliseconds until an unavailable store is asked again whether the session lives. */
const RETRY_MS = 1_000

/**
 * What a watcher receives: the store's changes, plus `end` when the session expires. Nothing follows an
 * `end`.
 */
export type Told =
  | Exclude<Change, { readonly kind: 'end' }>
  | { readonly kind: 'end'; readonly reason: EndReason | 'expired' }

interface Parts {
  readonly store: Store
  readonly touches: Touches
  readonly clock: Clock
  /** Whether watching a session counts as a use. */
  readonly countsAsUse: boolean
}

/** Watches the sessions of tokens. */
export class Watching {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * Returns a watch over the session of a token that misses nothing from now on; null if no session is live.
   * The caller must close it. `requireRoom` may throw to refuse a watch on a live session.
   */
  async watch(token: Token, requireRoom: (id: string) => void): Promise<Watched | null> {
    const { store, clock } = this.#parts
    const id = idOf(token)
    // Checked first: no store should listen for an invented token, or for a watch that is refused.
    if ((await store.readSession(id, [], clock())) === null) return null
    requireRoom(id)
    const watched = new Watched(id, this.#parts)
    return (await watched.open()) ? watched : null
  }
}

/** A watched session. */
export class Watched {
  readonly id: string
  readonly #parts: Parts
  /** Changes that arrived before anybody listened. */
  #gathered: Change[] = []
  #tell: ((told: Told) => void) | null = null
  #watch: Watch | null = null
  #timer: NodeJS.Timeout | null = null
  #isClosed = false
  #version = 0
  /** Whether something was missed since the last change with a known version, and the watcher knows that. */
  #hasMissed = false
  #endsAt: Millis = 0

  constructor(id: string, parts: Parts) {
    this.id = id
    this.#parts = parts
  }

  /** The version up to which the watcher knows everything. */
  get version(): number {
    return this.#version
  }

  /** Returns false if there is no live session; then there is nothing to close. */
  async open(): Promise<boolean> {
    this.#watch = await this.#parts.store.watchSession(this.id, (change) => this.#hear(change))
    try {
      // Read after the watch has begun, so that no change is lost in between.
      const session = await this.read([])
      if (session === null) {
        this.close()
        return false
      }
      this.#version = session.version
      this.#endsAt = session.endsAt
      await this.#note(session)
      return true
    } catch (fault) {
      this.close()
      throw fault
    }
  }

  /** Calls `tell` for every change since `version`, and for all later ones. Call it once. */
  begin(tell: (told: Told) => void): void {
    this.#tell = tell
    const gathered = this.#gathered
    this.#gathered = []
    for (const change of gathered) this.#pass(change, tell)
    this.#expectEnd()
  }

  /** Returns the session with the named attributes, or null if it has ended. Does not count as a use. */
  read(keys: readonly string[]): Promise<ReadSession | null> {
    return this.#parts.store.readSession(this.id, keys, this.#parts.clock())
  }

  /** Call this regularly while the session is watched. Counts as a use if watching does. */
  async use(): Promise<void> {
    if (!this.#parts.countsAsUse || this.#isClosed) return
    const session = await this.read([])
    if (session !== null) await this.#note(session)
  }

  close(): void {
    this.#isClosed = true
    this.#watch?.close()
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  async #note(session: LiveSession): Promise<void> {
    const { countsAsUse, touches, clock } = this.#parts
    if (countsAsUse) await touches.note(this.id, session, clock())
  }

  #hear(change: Change): void {
    if (this.#tell === null) this.#gathered.push(change)
    else this.#pass(change, this.#tell)
  }

  #pass(change: Change, tell: (told: Told) => void): void {
    if (this.#isClosed) return
    if (change.kind === 'end') {
      this.#end(change.reason)
      return
    }
    if ('version' in change) {
      if (change.version <= this.#version) return
      // Reported versions have no gaps, so a watcher that knows the last one has missed nothing.
      if (change.version > this.#version + 1 && !this.#hasMissed) tell({ kind: 'missed' })
      this.#version = change.version
      this.#hasMissed = false
    }
    if (change.kind === 'missed') this.#hasMissed = true
    const shown = shownChange(change)
    if (shown !== null) tell(shown)
    // The missed change may have been the end.
    if (change.kind === 'missed') void this.#look()
  }

  #end(reason: EndReason | 'expired'): void {
    this.close()
    this.#tell?.({ kind: 'end', reason })
  }

  /** Checks again when the session is due to expire: uses may have moved the end meanwhile. */
  #expectEnd(): void {
    if (this.#isClosed) return
    this.#lookIn(Math.max(0, this.#endsAt - this.#parts.clock()))
  }

  #lookIn(wait: Millis): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#look(), Math.min(wait, MAX_TIMER_MS))
  }

  /** Finds out whether the session still lives, and until when. */
  async #look(): Promise<void> {
    let session: ReadSession | null
    try {
      session = await this.read([])
    } catch {
      // Readers see the error themselves. Here the store is unavailable, which does not mean that the session
      // ended.
      if (!this.#isClosed) this.#lookIn(RETRY_MS)
      return
    }
    if (this.#isClosed) return
    if (session === null) {
      this.#end(this.#parts.clock() < this.#endsAt ? 'revoked' : 'expired')
    } else {
      this.#endsAt = session.endsAt
      this.#expectEnd()
    }
  }
}

/**
 * Returns a change without the keys of applications, as the session's user may see it; null if nothing is
 * left.
 */
function shownChange(change: Exclude<Change, { readonly kind: 'end' }>): Told | null {
  if (change.kind === 'missed' || change.keys === 'all' || !change.keys.some(isReserved)) return change
  const keys = change.keys.filter((key) => !isReserved(key))
  return keys.length === 0 ? null : { ...change, keys }
}
