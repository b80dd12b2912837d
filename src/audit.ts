import { Admins } from './admins.ts'
import { type Repeated, type RepeatLimits, Repeats, type Source, sourceNetworkOf } from './repeats.ts'
import type { Clock } from './session/lifetime.ts'
import type { Keeping, Millis, Page, Store, StoredEvent } from './store/store.ts'

/** A log line about what happened: never a token, a password or the value of an attribute. */
export interface AuditFields {
  /** The kind of event. */
  readonly event: string
  /** The user concerned; absent if a login failed with a name that belongs to no user. */
  readonly uname?: string | undefined
  /** The admin who did it. */
  readonly admin?: string | undefined
  /** `cli`: the command line did it. */
  readonly by?: string | undefined
  /** The session that the request came from, or none. */
  readonly handle?: string | undefined
  readonly address?: string | undefined
  readonly [field: string]: unknown
}

/** An event as it is stored. One with `more` stands for several that were counted. */
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

/** How many pages of the store a call reads at most for filters that the store itself cannot apply. */
const MAX_LOOKS = 20

/** Receives log lines. */
interface Lines {
  info(fields: AuditFields, message: string): void
  warn(fields: AuditFields, message: string): void
}

/** How many events of a kind from one source the store keeps, and for how long. */
const MAX_EVENTS = 100_000
const MAX_AGE_MS: Millis = 30 * 24 * 3_600_000

/** How long events gather before they are written together, and how many are written in one step. */
const GATHER_MS: Millis = 1_000
const BATCH_SIZE = 500

/**
 * How many events wait while the store is unavailable. Beyond that, only events about admins are kept, as
 * many again.
 */
const MAX_WAITING = 10_000

/** Milliseconds after which repeats are written, at first and at most, and between checks for due ones. */
const REPEATS = { first: 60_000, longest: 3_600_000 }
const TICK_MS: Millis = 10_000

/** Longest text of a field that is stored, in characters. */
const MAX_TEXT_LENGTH = 300

/**
 * Who caused an event. `admin`: it concerns an admin, or an admin or the command line did it. `user`: a
 * session or the right password was needed. `guess`: a stranger used a user's name. `stranger`: it needed
 * nothing.
 */
type Cause = 'admin' | 'user' | 'guess' | 'stranger'

/**
 * How many events are written one by one. An hour of noise from any number of networks costs the store about
 * 100 rows per kind, so a month of it is less than `MAX_EVENTS` and displaces nothing.
 */
const ofUser = { burst: 50, perHour: 10 }
const ofAll = { burst: 1_000, perHour: 100 }
const REFUSED: Readonly<Record<Cause, RepeatLimits>> = {
  admin: { name: 'admin', singles: 100, ofUser: { burst: 2_000, perHour: 100 }, ofAll: null },
  user: { name: 'user', singles: 10, ofUser, ofAll },
  guess: { name: 'guess', singles: 5, ofUser, ofAll },
  stranger: { name: 'stranger', singles: 5, ofUser: null, ofAll },
}
const DONE: Readonly<Record<Cause, RepeatLimits>> = {
  ...REFUSED,
  admin: { name: 'admin did', singles: Number.POSITIVE_INFINITY, ofUser: null, ofAll: null },
  user: { name: 'user did', singles: 20, ofUser: { burst: 100, perHour: 60 }, ofAll: null },
}

/** An event that waits to be written. */
interface Noted {
  readonly at: Millis
  /** Whether it needed neither a session nor the right password. */
  readonly isStrangers: boolean
  readonly fields: AuditFields
}

/**
 * Logs security events and stores them, so that admins can read what happened on all nodes. Events gather
 * here and are written at most once a second. Repeats are counted, so that noise neither fills the store nor
 * hides other events. While the store is unavailable, events wait up to a limit; no request fails or waits
 * because of it. If the process is killed, its last second and counts that are not due are lost.
 */
export class Audit {
  readonly #log: Lines
  readonly #store: Store
  readonly #clock: Clock
  readonly #fault: (fault: unknown) => void
  readonly #admins: Admins
  readonly #repeats: Repeats<Noted>
  readonly #ticking: NodeJS.Timeout
  #waiting: Noted[] = []
  /** How many events were dropped, by kind. */
  #lost = new Map<string, number>()
  #writing: Promise<void> | null = null
  #timer: NodeJS.Timeout | null = null
  #isAway = false

  constructor(log: Lines, store: Store, clock: Clock, fault: (fault: unknown) => void) {
    this.#log = log
    this.#store = store
    this.#clock = clock
    this.#fault = fault
    this.#admins = new Admins(store, clock)
    this.#repeats = new Repeats(clock, REPEATS)
    this.#ticking = setInterval(() => void this.#flush('due'), TICK_MS).unref()
  }

  /** Records something that was done. */
  info(fields: AuditFields, message: string): void {
    this.#log.info(fields, message)
    this.#remember({ at: this.#clock(), isStrangers: false, fields }, DONE)
  }

  /** Records something that was refused and that an operator may want to look at. */
  warn(fields: AuditFields, message: string): void {
    this.#log.warn(fields, message)
    const isStrangers = fields.handle === undefined
    this.#remember({ at: this.#clock(), isStrangers, fields }, REFUSED)
  }

  /**
   * Returns stored events, latest first, including those that only this process knows. For paging see the
   * store's `listEvents`.
   */
  async list(filter: AuditFilter, after: string | null, limit: number): Promise<Page<AuditEvent>> {
    await this.flush()
    const { event, uname, address, from = 0, to = Number.POSITIVE_INFINITY } = filter
    const stored = { kind: event, uname, since: Math.max(from, this.#clock() - MAX_AGE_MS) }
    const network = sourceNetworkOf(address)
    const isMeant = (each: AuditEvent) =>
      each.at < to && (address === undefined || each.address === address || each['network'] === network)
    for (let look = 1, place = after; ; look++) {
      const { items, next } = await this.#store.listEvents(stored, place, limit)
      const found = items.map(({ at, text }): AuditEvent => ({ ...JSON.parse(text), at })).filter(isMeant)
      if (found.length > 0 || next === null || look === MAX_LOOKS) return { items: found, next }
      place = next
    }
  }

  /** Resolves when the events and counts so far are written or could not be written. */
  flush(): Promise<void> {
    return this.#flush('all')
  }

  /** Writes what it can, once, before the store is closed. */
  async stop(): Promise<void> {
    clearInterval(this.#ticking)
    await this.flush()
    this.#forgetTimer()
  }

  async #flush(which: 'due' | 'all'): Promise<void> {
    await this.#admins.settled()
    // The write in progress may lack the latest events.
    await this.#writing
    this.#forgetTimer()
    if (this.#writing === null) {
      for (const repeated of this.#repeats.take(which)) this.#wait(summaryOf(repeated, this.#clock()))
    }
    if (this.#writing === null && this.#waiting.length + this.#lost.size > 0) {
      this.#writing = this.#write().finally(() => {
        this.#writing = null
      })
    }
    await this.#writing
  }

  #forgetTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #remember(noted: Noted, limits: typeof DONE): void {
    const cause = this.#causeOf(noted, true)
    if (this.#repeats.isSingle(sourceOf(noted.fields), limits[cause], noted)) this.#wait(noted)
    this.#flushLater()
  }

  #wait(noted: Noted): void {
    const room = this.#causeOf(noted, false) === 'admin' ? 2 * MAX_WAITING : MAX_WAITING
    const { event, more } = noted.fields
    if (this.#waiting.length < room) this.#waiting.push(noted)
    else this.#lost.set(event, (this.#lost.get(event) ?? 0) + (typeof more === 'number' ? more : 1))
  }

  /**
   * Returns the cause of an event. If the user's role is not known yet, `orUnknown` makes it count as an
   * admin's.
   */
  #causeOf({ isStrangers, fields }: Noted, orUnknown: boolean): Cause {
    const { admin, by, uname } = fields
    if (admin !== undefined || by !== undefined) return 'admin'
    if (uname === undefined) return 'stranger'
    if (this.#admins.isAdmin(uname) ?? orUnknown) return 'admin'
    return isStrangers ? 'guess' : 'user'
  }

  async #write(): Promise<void> {
    const now = this.#clock()
    const lost = [...this.#lost].map(([event, more]) => lostFrom(event, more, now))
    const all = [...this.#waiting, ...lost]
    this.#waiting = []
    this.#lost = new Map()
    try {
      while (all.length > 0) {
        const events = all
          .slice(0, BATCH_SIZE)
          .map((noted) => storedFrom(noted.at, noted.fields, this.#sourceOf(noted)))
        await this.#store.appendEvents(events, keepingAt(now))
        all.splice(0, BATCH_SIZE)
      }
      this.#isAway = false
    } catch (fault) {
      // Logged once; the write is retried every second.
      if (!this.#isAway) this.#fault(fault)
      this.#isAway = true
      const later = this.#waiting
      this.#waiting = []
      for (const noted of [...all, ...later]) this.#wait(noted)
      this.#flushLater()
    }
  }

  #sourceOf(noted: Noted): string {
    const cause = this.#causeOf(noted, false)
    return cause === 'admin' ? adminSource(noted.fields) : cause
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => void this.#flush('due'), GATHER_MS)
  }
}

/** Stores what the command line did, at once and in the same process. */
export function rememberCommand(store: Store, fields: AuditFields, now: Millis): Promise<void> {
  const byCommand = { ...fields, by: 'cli' }
  return store.appendEvents([storedFrom(now, byCommand, adminSource(byCommand))], keepingAt(now))
}

const keepingAt = (now: Millis): Keeping => ({ most: MAX_EVENTS, since: now - MAX_AGE_MS })

function sourceOf({ event, code, uname, admin, address }: AuditFields): Source {
  return { kind: `${event} ${code ?? ''}`, user: uname ?? admin ?? '', network: sourceNetworkOf(address) }
}

/** An event about one admin must not displace events about another. */
const adminSource = ({ admin, by, uname }: AuditFields): string =>
  by === undefined ? `admin:${encodeURIComponent(nameable(admin ?? uname ?? ''))}` : by

/** Returns one event with what several counted events have in common. */
function summaryOf({ source, item, more, since }: Repeated<Noted>, at: Millis): Noted {
  const { event, code, uname, admin, by } = item.fields
  const common = {
    event,
    code,
    ...(source.user === '' ? {} : { uname, admin, by }),
    ...(source.network === '' ? {} : { network: source.network }),
    more,
    since: new Date(since).toISOString(),
  }
  return { ...item, at, fields: common }
}

/** Returns the event that stands for events that were dropped while the store was unavailable. */
const lostFrom = (event: string, more: number, at: Millis): Noted => ({
  at,
  isStrangers: true,
  fields: { event, more },
})

function storedFrom(at: Millis, fields: AuditFields, source: string): StoredEvent {
  const uname = fields.uname ?? null
  return { at, kind: fields.event, uname: uname && nameable(uname), source, text: textOf(fields) }
}

const textOf = (fields: AuditFields): string =>
  JSON.stringify(fields, (_, value) =>
    typeof value === 'string' ? value.slice(0, MAX_TEXT_LENGTH).toWellFormed() : value,
  )

/** No database accepts NUL in a text; JSON writes it in another way. */
const nameable = (uname: string): string =>
  uname.slice(0, MAX_TEXT_LENGTH).toWellFormed().replaceAll('\0', '\ufffd')
