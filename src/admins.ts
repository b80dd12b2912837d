import { ADMIN } from './login/users.ts'
import type { Clock } from './session/lifetime.ts'
import type { Millis, Store } from './store/store.ts'

/** Milliseconds for which a user who is no admin is assumed to be none without another lookup. */
const LOOKED_UP_MS: Millis = 60_000

/** The largest number of cached names. Beyond it, the names of users who are no admins are forgotten. */
const MAX_NAMES = 10_000

/** Knows which users have the role admin, or had it since the process started. */
export class Admins {
  readonly #store: Pick<Store, 'readUser'>
  readonly #clock: Clock
  readonly #admins = new Set<string>()
  readonly #others = new Map<string, Millis>()
  readonly #lookups = new Map<string, Promise<void>>()

  constructor(store: Pick<Store, 'readUser'>, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Returns null if it is not known yet; then it asks the store. */
  isAdmin(uname: string): boolean | null {
    if (this.#admins.has(uname)) return true
    const lookedUpAt = this.#others.get(uname)
    const isFresh = lookedUpAt !== undefined && Math.abs(this.#clock() - lookedUpAt) < LOOKED_UP_MS
    if (!isFresh && !this.#lookups.has(uname) && this.#lookups.size < MAX_NAMES) {
      this.#lookups.set(uname, this.#lookUp(uname))
    }
    return lookedUpAt === undefined ? null : false
  }

  /** Resolves when the pending lookups have an answer or have failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#lookups.values())
  }

  async #lookUp(uname: string): Promise<void> {
    try {
      const user = await this.#store.readUser(uname)
      if (user?.roles.includes(ADMIN) === true) this.#admins.add(uname)
      else this.#note(uname)
    } catch {
      // An unavailable store is reported where events are written. The next event asks again.
    } finally {
      this.#lookups.delete(uname)
    }
  }

  #note(uname: string): void {
    if (this.#others.size >= MAX_NAMES) this.#others.clear()
    this.#others.set(uname, this.#clock())
  }
}
