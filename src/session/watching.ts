import type { Change, EndReason, LiveSession, Millis, ReadSession, Store, Watch } from '../store/store.ts'
import type { Clock } from './lifetime.ts'
import { isReserved } from './limits.ts'
import { idOf, type Token } from './token.ts'
import type { Touches } from './touches.ts'

/** Milliseconds beyond which timers do not count. */
const LONGEST_TIMER = 2_147_483_647

/** Milliseconds until a store that was away is asked again whether the session lives. */
const RETRY = 1_000

/** What whoever watches a session is told: what the store tells, and that the session ended by itself. After an end nothing more is told. */
export type Told =
  | Exclude<Change, { readonly kind: 'end' }>
  | { readonly kind: 'end'; readonly reason: EndReason | 'expired' }

interface Parts {
  readonly store: Store
  readonly touches: Touches
  readonly clock: Clock
  /** Whether to watch a session is to use it. */
  readonly countsAsUse: boolean
}

/** Lets somebody watch the session of a token. */
export class Watching {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /**
   * A watch over the session of a token, which nothing escapes from now on; null: there is no live one. It has to be closed. Of one that
   * lives `requireRoom` may refuse it.
   */
  async watch(token: Token, requireRoom: (id: string) => void): Promise<Watched | null> {
    const { store, clock } = this.#parts
    const id = idOf(token)
    // First, since no store should have to listen for a token that somebody made up, nor for a watch that is refused.
    if ((await store.readSession(id, [], clock())) === null) return null
    requireRoom(id)
    const watched = new Watched(id, this.#parts)
    return (await watched.open()) ? watched : null
  }
}

/** A session that is watched. */
export class Watched {
  readonly id: string
  readonly #parts: Parts
  /** What was told before anybody listened. */
  #gathered: Change[] = []
  #tell: ((told: Told) => void) | null = null
  #watch: Watch | null = null
  #timer: NodeJS.Timeout | null = null
  #isClosed = false
  #version = 0
  /** Whether it was told that something was missed since the last change of which the version is known. */
  #hasMissed = false
  #endsAt: Millis = 0

  constructor(id: string, parts: Parts) {
    this.id = id
    this.#parts = parts
  }

  /** The version up to which everything is known or has been told. */
  get version(): number {
    return this.#version
  }

  /** False: there is no live session, and nothing to close. */
  async open(): Promise<boolean> {
    this.#watch = await this.#parts.store.watchSession(this.id, (change) => this.#hear(change))
    try {
      // After the watch has begun, so that nothing falls between.
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

  /** Tells what has been done since the session was of `version`, and whatever is done from now on. To be called once. */
  begin(tell: (told: Told) => void): void {
    this.#tell = tell
    const gathered = this.#gathered
    this.#gathered = []
    for (const change of gathered) this.#pass(change, tell)
    this.#expectEnd()
  }

  /** The session as it is now with the named attributes, or null: it has ended. No use of it. */
  read(keys: readonly string[]): Promise<ReadSession | null> {
    return this.#parts.store.readSession(this.id, keys, this.#parts.clock())
  }

  /** To be called now and then while the session is watched: a use of it, if watching is one. */
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
      // Versions are told without gaps, so whoever keeps the last one never believes to know what is in one.
      if (change.version > this.#version + 1 && !this.#hasMissed) tell({ kind: 'missed' })
      this.#version = change.version
      this.#hasMissed = false
    }
    if (change.kind === 'missed') this.#hasMissed = true
    const shown = shownChange(change)
    if (shown !== null) tell(shown)
    // It may have been the end that was missed.
    if (change.kind === 'missed') void this.#look()
  }

  #end(reason: EndReason | 'expired'): void {
    this.close()
    this.#tell?.({ kind: 'end', reason })
  }

  /** Looks when the session ends by itself, as far as is known: uses may move the end meanwhile. */
  #expectEnd(): void {
    if (this.#isClosed) return
    this.#lookIn(Math.max(0, this.#endsAt - this.#parts.clock()))
  }

  #lookIn(wait: Millis): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#look(), Math.min(wait, LONGEST_TIMER))
  }

  /** Finds out whether the session still lives, and until when. */
  async #look(): Promise<void> {
    let session: ReadSession | null
    try {
      session = await this.read([])
    } catch {
      // Whoever reads is told of it; here nothing is known, least of all that somebody is logged out.
      if (!this.#isClosed) this.#lookIn(RETRY)
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

/** A change as the user of the session is told of it, without the keys of applications; null: there is nothing to tell. */
function shownChange(change: Exclude<Change, { readonly kind: 'end' }>): Told | null {
  if (change.kind === 'missed' || change.keys === 'all' || !change.keys.some(isReserved)) return change
  const keys = change.keys.filter((key) => !isReserved(key))
  return keys.length === 0 ? null : { ...change, keys }
}
