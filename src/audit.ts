import type { Log } from './log.ts'
import type { Clock } from './session/lifetime.ts'
import type { Millis, Page, Store, StoredEvent } from './store/store.ts'

/** What happened, as a line of the log has it: never a token, a password or the value of an attribute. */
export interface AuditFields {
  /** What kind of thing it was. */
  readonly event: string
  /** The user whom it is about; none of a login that failed with a name that is no user's. */
  readonly uname?: string | undefined
  readonly [field: string]: unknown
}

/** An event as it is remembered. */
export interface AuditEvent extends AuditFields {
  readonly at: Millis
}

export interface AuditFilter {
  readonly event?: string | undefined
  readonly uname?: string | undefined
  readonly address?: string | undefined
  /** From this instant on. */
  readonly from?: Millis | undefined
  /** Before this instant. */
  readonly to?: Millis | undefined
}

/** Pages of a store that a call looks through, at most, for events that the store cannot search for. */
const LOOKS = 20

/** Events of a kind that the store keeps, and for how long. */
const MOST = 10_000
const LONGEST: Millis = 30 * 24 * 3_600_000

/** How long events gather before they are written together. */
const PERIOD: Millis = 1_000

/** Events of a kind that are written together; of any more only the number. So a flood costs little, and no other kind its place. */
const BATCH = 50

/** Longest text of a field that is remembered, in characters. */
const LONGEST_TEXT = 300

/**
 * Logs what security is about and remembers it, so that admins can read what happened on all nodes. Events gather here and are written at
 * most once a second. A store that is away gets them when it is back, as many as there is room for, and of the others the number: nothing
 * fails because of it, and nobody waits for it. A process that is killed forgets its last second.
 */
export class Audit {
  readonly #log: Log
  readonly #store: Store
  readonly #clock: Clock
  readonly #fault: (fault: unknown) => void
  #waiting = new Gathered()
  #writing: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #isAway = false

  constructor(log: Log, store: Store, clock: Clock, fault: (fault: unknown) => void) {
    this.#log = log
    this.#store = store
    this.#clock = clock
    this.#fault = fault
  }

  /** Something that happens every day. */
  info(fields: AuditFields, message: string): void {
    this.#log.info(fields, message)
    this.#remember(fields)
  }

  /** Something that somebody who watches over the server may want to look at. */
  warn(fields: AuditFields, message: string): void {
    this.#log.warn(fields, message)
    this.#remember(fields)
  }

  /** What was remembered, the latest first, with all that this process knows of. For pages see `listEvents` of the store. */
  async list(filter: AuditFilter, after: string | null, limit: number): Promise<Page<AuditEvent>> {
    await this.flush()
    const { event, uname, address, from = 0, to = Number.POSITIVE_INFINITY } = filter
    const stored = { kind: event, uname, since: Math.max(from, this.#clock() - LONGEST) }
    const isMeant = (each: AuditEvent) =>
      each.at < to && (address === undefined || each['address'] === address)
    for (let look = 1, place = after; ; look++) {
      const { items, next } = await this.#store.listEvents(stored, place, limit)
      const found = items.map(({ at, text }): AuditEvent => ({ ...JSON.parse(text), at })).filter(isMeant)
      if (found.length > 0 || next === null || look === LOOKS) return { items: found, next }
      place = next
    }
  }

  /** Resolves when the events so far are written, or could not be. */
  async flush(): Promise<void> {
    // What is being written now may lack the latest.
    await this.#writing
    this.#forgetTimer()
    if (this.#writing === null && !this.#waiting.isEmpty) {
      this.#writing = this.#write().finally(() => {
        this.#writing = null
      })
    }
    await this.#writing
  }

  /** Writes what it can, once, before the store is closed. */
  async stop(): Promise<void> {
    await this.flush()
    this.#forgetTimer()
  }

  #forgetTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #remember(fields: AuditFields): void {
    this.#waiting.add(this.#clock(), fields)
    this.#flushLater()
  }

  async #write(): Promise<void> {
    const now = this.#clock()
    const gathered = this.#waiting
    this.#waiting = new Gathered()
    try {
      await this.#store.appendEvents(gathered.events(now), { most: MOST, since: now - LONGEST })
      this.#isAway = false
    } catch (fault) {
      // Once: it is tried again every second.
      if (!this.#isAway) this.#fault(fault)
      this.#isAway = true
      gathered.take(this.#waiting)
      this.#waiting = gathered
      this.#flushLater()
    }
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => void this.flush(), PERIOD)
  }
}

/** Events that wait to be written: a bounded number of each kind, and how many more there were. */
class Gathered {
  #events: StoredEvent[] = []
  readonly #counts = new Map<string, number>()

  get isEmpty(): boolean {
    return this.#counts.size === 0
  }

  add(at: Millis, fields: AuditFields): void {
    if (!this.#hasRoom(fields.event)) return
    const uname = fields.uname ?? null
    this.#events.push({ at, kind: fields.event, uname: uname && nameable(uname), text: textOf(fields) })
  }

  /** Takes over what came later, as far as there is room. */
  take(later: Gathered): void {
    for (const event of later.#events) if (this.#hasRoom(event.kind)) this.#events.push(event)
    for (const [kind, more] of later.#more()) this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + more)
  }

  /** All of them in order, and one for those of each kind that had no room. */
  events(now: Millis): readonly StoredEvent[] {
    const more = [...this.#more()].map(([kind, more]) => ({
      at: now,
      kind,
      uname: null,
      text: textOf({ event: kind, more }),
    }))
    return [...this.#events, ...more]
  }

  #hasRoom(kind: string): boolean {
    const count = (this.#counts.get(kind) ?? 0) + 1
    this.#counts.set(kind, count)
    return count <= BATCH
  }

  /** How many of each kind there were besides those that are here. */
  *#more(): Generator<readonly [kind: string, more: number]> {
    for (const [kind, count] of this.#counts) if (count > BATCH) yield [kind, count - BATCH]
  }
}

const textOf = (fields: AuditFields): string =>
  JSON.stringify(fields, (_, value) =>
    typeof value === 'string' ? value.slice(0, LONGEST_TEXT).toWellFormed() : value,
  )

/** No database takes NUL in a text; as JSON it is written otherwise. */
const nameable = (uname: string): string =>
  uname.slice(0, LONGEST_TEXT).toWellFormed().replaceAll('\0', '\ufffd')
