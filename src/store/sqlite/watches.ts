import { reportedKeys } from '../removals.ts'
import type { Change, NewSession, Removal, StoredSession, Watch } from '../store.ts'
import type { Changes } from './changes.ts'
import type { Pairs } from './packed.ts'
import type { Ended } from './session-writes.ts'
import type { Write } from './writer.ts'

/** Milliseconds between looks for what other processes have done. */
const INTERVAL = 200

/** What the file has of an id. `ended`: a session that was ended and not swept yet. The user is null where it is not known. */
export type Standing = { readonly version: number; readonly uname: string | null } | 'ended' | 'absent'

/** A session that somebody watches, and what is known of it. */
interface Watched {
  readonly tells: Set<(change: Change) => void>
  standing: Standing
}

/**
 * Those who watch sessions. A commit of this process says what it did, before those who asked for it hear of it, and where it does not
 * name the sessions that it ended, those that are watched are looked up. What other processes commit is noticed by a timer, which runs
 * while somebody watches, and is told as an end or as missed. Nobody is looked up while nobody watches.
 */
export class Watches {
  readonly #standings: (ids: readonly string[]) => readonly Standing[]
  readonly #changes: Changes | null
  readonly #watched = new Map<string, Watched>()
  /** The commits of other processes at the last look. */
  #known: number | null = null
  #timer: ReturnType<typeof setInterval> | null = null
  #isWriting = false
  /** Whether a look has to be made up for. */
  #isDue = false

  /** `standings` reads what the file has of ids, all at one instant; `changes` counts the commits of other processes, null: nobody does. */
  constructor(standings: (ids: readonly string[]) => readonly Standing[], changes: Changes | null) {
    this.#standings = standings
    this.#changes = changes
  }

  /** Throws what the reading throws. */
  watch(id: string, tell: (change: Change) => void): Watch {
    const watched = this.#watched.get(id) ?? { tells: new Set(), standing: this.#standingOf(id) }
    // One of its own, so that a function given twice is told twice.
    const one = (change: Change) => tell(change)
    watched.tells.add(one)
    this.#watched.set(id, watched)
    if (this.#timer === null) {
      // Whatever was committed before the first look is known from the reading above, or will be looked up once more.
      this.#known = null
      this.#timer = setInterval(() => this.#look(), INTERVAL)
    }
    return {
      close: () => {
        watched.tells.delete(one)
        if (watched.tells.size === 0 && this.#watched.get(id) === watched) this.#watched.delete(id)
        if (this.#watched.size === 0) this.close()
      },
    }
  }

  /** To be called before this process writes. */
  beginWriting(): void {
    this.#isWriting = true
  }

  /** Takes note of a write of this process that has been committed. */
  committed([name, args]: Write, result: unknown): void {
    if (this.#watched.size === 0) return
    switch (name) {
      case 'putAttributes': {
        const keys = (args[1] as Pairs).map(([key]) => key)
        this.#written(args[0] as string, result, (version) => ({ kind: 'put', keys, version }))
        break
      }
      case 'removeAttributes': {
        const keys = reportedKeys(args[1] as Removal)
        this.#written(args[0] as string, result, (version) => ({ kind: 'delete', keys, version }))
        break
      }
      case 'endSession': {
        const end = result as Ended | null
        if (end !== null) this.#tell(end.id, { kind: 'end', reason: end.reason }, 'ended')
        break
      }
      case 'endSessions':
        this.#find(() => true)
        break
      case 'updateUser':
      case 'deleteUser':
        if (typeof result === 'object') this.#find((uname) => uname === args[0])
        break
      case 'sweepSessions':
        for (const id of result as readonly (string | null)[]) if (id !== null) this.#tell(id, null, 'absent')
        break
      case 'insertSession':
      case 'restoreSession': {
        const { id, uname, version = 1 } = args[0] as Partial<StoredSession> & NewSession
        if (result === 'inserted' || result === 'restored') this.#tell(id, null, { version, uname })
        break
      }
    }
  }

  /** To be called when what it wrote is known to have been committed, or not to have been. */
  endWriting(): void {
    this.#isWriting = false
    if (this.#isDue) this.#look()
  }

  /** Stops looking. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }

  #written(id: string, result: unknown, changeOf: (version: number) => Change): void {
    const watched = this.#watched.get(id)
    const { version } = result as { readonly version?: number }
    if (watched === undefined || version === undefined) return
    const { standing } = watched
    const known = typeof standing === 'object' ? standing : { version: 1, uname: null }
    const now = { version, uname: known.uname }
    // Another process has written in between.
    if (known.version + 1 < version) this.#tell(id, { kind: 'missed' }, now)
    this.#tell(id, changeOf(version), now)
  }

  /** Looks for what other processes have done, unless nothing was or this process is writing: then the look would overtake what it tells. */
  #look(): void {
    const count = this.#changes?.read() ?? null
    if (count !== null && count === this.#known && !this.#isDue) return
    this.#isDue = this.#isWriting
    if (this.#isDue) return
    this.#known = count
    this.#find(() => true)
  }

  /** Compares those of the meant users with the file, and those whose user is not known. */
  #find(isMeant: (uname: string) => boolean): void {
    const found = [...this.#watched].filter(
      ([, { standing }]) =>
        typeof standing !== 'object' || standing.uname === null || isMeant(standing.uname),
    )
    if (found.length === 0) return
    let standings: readonly Standing[]
    try {
      standings = this.#standings(found.map(([id]) => id))
    } catch {
      // The file cannot be read now, which whoever reads is told; here it is tried again.
      this.#isDue = true
      return
    }
    for (const [i, [id, { standing }]] of found.entries()) {
      const now = standings[i] ?? 'absent'
      this.#tell(id, difference(standing, now), now)
    }
  }

  #standingOf(id: string): Standing {
    return this.#standings([id])[0] ?? 'absent'
  }

  /** Tells those who watch, if there is something to tell, and remembers how it stands now. */
  #tell(id: string, change: Change | null, standing: Standing): void {
    const watched = this.#watched.get(id)
    if (watched === undefined) return
    watched.standing = standing
    if (change !== null) for (const tell of watched.tells) tell(change)
  }
}

/** What somebody has to be told who knew the one and not the other. */
function difference(before: Standing, now: Standing): Change | null {
  if (typeof now === 'object') {
    const known = typeof before === 'object' ? before.version : 1
    return known === now.version ? null : { kind: 'missed' }
  }
  if (typeof before !== 'object') return null
  // Absent: it ended by itself and was swept, as far as one can still see.
  return now === 'ended' ? { kind: 'end', reason: 'revoked' } : { kind: 'missed' }
}
