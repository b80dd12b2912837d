/** What the order counts: logins up from 1, and what is restored down from -1. */
interface Counted {
  readonly n: number
}

/** Sessions in memory in the order of their logins, the latest first. What is gone costs no more than what is there. */
export class Logins<Session extends Counted> {
  readonly #isKept: (session: Session) => boolean
  #begun: Session[] = []
  #restored: Session[] = []
  #room = ROOM
  #logins = 0
  #restores = 0

  /** `isKept`: whether a session that was added is still there. */
  constructor(isKept: (session: Session) => boolean) {
    this.#isKept = isKept
  }

  /** The place of the next login. */
  next(): number {
    return ++this.#logins
  }

  /** The place of what is restored next: behind all others. */
  nextRestored(): number {
    return -++this.#restores
  }

  add(session: Session): void {
    if (session.n > 0) this.#begun.push(session)
    else this.#restored.push(session)
    if (this.#begun.length + this.#restored.length > this.#room) this.#forget()
  }

  /** Those whose place is behind this one, though the session itself may be gone. */
  *behind(n: number): Generator<Session> {
    const begun = this.#begun
    for (let i = firstWhere(begun, (each) => each.n >= n) - 1; i >= 0; i--) {
      const session = begun[i]
      if (session !== undefined && this.#isKept(session)) yield session
    }
    const restored = this.#restored
    for (let i = firstWhere(restored, (each) => each.n < n); i < restored.length; i++) {
      const session = restored[i]
      if (session !== undefined && this.#isKept(session)) yield session
    }
  }

  #forget(): void {
    this.#begun = this.#begun.filter(this.#isKept)
    this.#restored = this.#restored.filter(this.#isKept)
    this.#room = Math.max(ROOM, 2 * (this.#begun.length + this.#restored.length))
  }
}

/** Entries for which it is not worth looking whether they are gone. */
const ROOM = 1_000

/** Where the part of a list begins in which this is so. */
function firstWhere<T>(all: readonly T[], isSo: (item: T) => boolean): number {
  let [from, to] = [0, all.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (isSo(all[middle] as T)) to = middle
    else from = middle + 1
  }
  return from
}
