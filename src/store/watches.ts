import type { Change, Watch } from './store.ts'

/** From where it is heard what is done to sessions, also by others. */
export interface Source {
  /** Resolves when whatever is done to the session from now on will be heard; also if it is heard already. Rejects with a `StoreFault`. */
  begin(id: string): Promise<void>
  /** Lets go of it. Never rejects. */
  end(id: string): Promise<void>
}

type Tell = (change: Change) => void

interface Watched {
  readonly tells: Set<Tell>
  /** While it is begun, for all that ask meanwhile. */
  beginning: Promise<void> | null
}

/** Who on this node watches which session. However many watch one, its source is asked for it once. */
export class Watches {
  readonly #source: Source
  readonly #watched = new Map<string, Watched>()
  /** What is let go of. Whoever watches it again waits for that, or the two could cross on their way. */
  readonly #ending = new Map<string, Promise<void>>()

  constructor(source: Source) {
    this.#source = source
  }

  get ids(): readonly string[] {
    return [...this.#watched.keys()]
  }

  /** As `Store.watchSession` promises. */
  async watch(id: string, tell: Tell): Promise<Watch> {
    const watched = this.#watched.get(id) ?? { tells: new Set(), beginning: null }
    this.#watched.set(id, watched)
    let isOpen = true
    // One of its own, so that a function given twice is told twice.
    const one: Tell = (change) => {
      if (isOpen) tell(change)
    }
    watched.tells.add(one)
    const close = () => {
      isOpen = false
      if (watched.tells.delete(one) && watched.tells.size === 0) this.#end(id, watched)
    }
    try {
      await this.#begin(id, watched)
    } catch (error) {
      close()
      throw error
    }
    return { close }
  }

  tell(id: string, change: Change): void {
    for (const tell of [...(this.#watched.get(id)?.tells ?? [])]) tell(change)
  }

  /** Tells all but those who watch one of these that something may have happened that was not heard. */
  tellMissed(but: ReadonlySet<string>): void {
    for (const id of this.ids) if (!but.has(id)) this.tell(id, { kind: 'missed' })
  }

  /** Nobody is told anything from now on, and the source is not asked to let go. */
  clear(): void {
    this.#watched.clear()
  }

  #begin(id: string, watched: Watched): Promise<void> {
    watched.beginning ??= (async () => {
      try {
        await this.#ending.get(id)
        await this.#source.begin(id)
      } finally {
        watched.beginning = null
      }
    })()
    return watched.beginning
  }

  #end(id: string, watched: Watched): void {
    if (this.#watched.get(id) !== watched) return
    this.#watched.delete(id)
    const begun = watched.beginning?.catch(() => {}) ?? Promise.resolve()
    const ending = begun.then(() => this.#source.end(id))
    this.#ending.set(id, ending)
    void ending.then(() => {
      if (this.#ending.get(id) === ending) this.#ending.delete(id)
    })
  }
}

/** What is written of a change is the change as JSON; should it not be, as from a node of another version, something was missed. */
export function changeIn(text: string): Change {
  try {
    const change = JSON.parse(text) as Change
    return KINDS.includes(change.kind) ? change : { kind: 'missed' }
  } catch {
    return { kind: 'missed' }
  }
}

const KINDS: readonly Change['kind'][] = ['put', 'delete', 'end', 'missed']
