import { ADMIN } from './login/users.ts'
import type { Clock } from './session/lifetime.ts'
import type { Millis, Store } from './store/store.ts'

/** Milliseconds for which a user who is no admin is taken for none without another look. */
const LOOKED_UP_MS: Millis = 60_000

/** Names that are known at most; beyond that those that are no admin's are forgotten. */
const MAX_NAMES = 10_000

/** Knows which users have, or had since the process began, the role admin. */
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

  /** Null: not known yet. The store is being asked. */
  isAdmin(uname: string): boolean | null {
    if (this.#admins.has(uname)) return true
    const lookedUpAt = this.#others.get(uname)
    const isFresh = lookedUpAt !== undefined && Math.abs(this.#clock() - lookedUpAt) < LOOKED_UP_MS
    if (!isFresh && !this.#lookups.has(uname) && this.#lookups.size < MAX_NAMES) {
      this.#lookups.set(uname, this.#lookUp(uname))
    }
    return lookedUpAt === undefined ? null : false
  }

  /** Resolves when what the store is being asked is answered, or cannot be. */
  async settled(): Promise<void> {
    await Promise.all(this.#lookups.values())
  }

  async #lookUp(uname: string): Promise<void> {
    try {
      const user = await this.#store.readUser(uname)
      if (user?.roles.includes(ADMIN) === true) this.#admins.add(uname)
      else this.#note(uname)
    } catch {
      // A store that is away is told of where events are written. It is asked again at the next event.
    } finally {
      this.#lookups.delete(uname)
    }
  }

  #note(uname: string): void {
    if (this.#others.size >= MAX_NAMES) this.#others.clear()
    this.#others.set(uname, this.#clock())
  }
}
