import type { Log } from './log.ts'
import { type Repeated, type RepeatLimits, Repeats, type Source, sourceNetworkOf } from './repeats.ts'
import type { Clock } from './session/lifetime.ts'

type Level = 'debug' | 'info' | 'warn' | 'error'

/** What is known about an event. Repeats agree in kind, code, user and the network of the address. */
interface Fields {
  readonly event: string
  readonly code?: unknown
  readonly uname?: string | undefined
  readonly admin?: string | undefined
  readonly address?: string | undefined
  /** The session that the request came with; absent for strangers. */
  readonly handle?: string | undefined
  readonly err?: unknown
  readonly [field: string]: unknown
}

interface Line {
  readonly level: Level
  readonly fields: Fields
  readonly message: string
}

/** Milliseconds after which repeats are logged, and between checks for due ones. */
const WINDOW_MS = 60_000
const TICK_MS = 5_000

/**
 * How many lines of one kind per minute all networks together may cause. Beyond that they are counted
 * together.
 */
const ofAll = { burst: 500, perHour: 500 * 60 }

const LIMITS: Readonly<Record<Level, RepeatLimits>> = {
  debug: { name: 'debug', singles: 20, ofUser: null, ofAll },
  info: { name: 'info', singles: 20, ofUser: null, ofAll: null },
  // Refused to a user who is logged in.
  warn: { name: 'warn', singles: 20, ofUser: null, ofAll },
  // Some requests of each fault can be looked up by their ids.
  error: { name: 'error', singles: 20, ofUser: null, ofAll },
}

/** Anybody can cause these warnings, so one line has to do. */
const OF_STRANGERS: RepeatLimits = { name: 'stranger', singles: 1, ofUser: null, ofAll }

/**
 * The log that requests write to. Repeats become one line per minute with their number, so that clients
 * cannot fill a disk with lines or hide other lines among them.
 */
export class CountedLog {
  readonly #log: Log
  readonly #repeats: Repeats<Line>
  readonly #timer: NodeJS.Timeout

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#repeats = new Repeats(clock, { first: WINDOW_MS, longest: WINDOW_MS })
    this.#timer = setInterval(() => this.#tell('due'), TICK_MS).unref()
  }

  debug(fields: Fields, message: string): void {
    this.#write({ level: 'debug', fields, message })
  }

  info(fields: Fields, message: string): void {
    this.#write({ level: 'info', fields, message })
  }

  warn(fields: Fields, message: string): void {
    this.#write({ level: 'warn', fields, message })
  }

  error(fields: Fields, message: string): void {
    this.#write({ level: 'error', fields, message })
  }

  /** Logs what was counted so far, and stops counting. */
  stop(): void {
    clearInterval(this.#timer)
    this.#tell('all')
  }

  #write(line: Line): void {
    const { level, fields, message } = line
    if (!this.#log.isLevelEnabled(level)) return
    const limits = level === 'warn' && fields.handle === undefined ? OF_STRANGERS : LIMITS[level]
    if (this.#repeats.isSingle(sourceOf(fields), limits, line)) this.#log[level](fields, message)
  }

  #tell(which: 'due' | 'all'): void {
    for (const repeated of this.#repeats.take(which)) {
      const { level, message } = repeated.item
      this.#log[level](summaryOf(repeated), `${message}; ${repeated.more} more like it`)
    }
  }
}

function sourceOf({ event, code, err, uname, admin, address }: Fields): Source {
  const which = code ?? (err instanceof Error ? `${err.name} ${err.message.slice(0, 200)}` : '')
  return { kind: `${event} ${which}`, user: uname ?? admin ?? '', network: sourceNetworkOf(address) }
}

/** Returns what several counted lines have in common. */
function summaryOf({ source, item: { fields }, more, since }: Repeated<Line>) {
  const { event, code, err, uname, admin } = fields
  return {
    event,
    ...(code === undefined ? {} : { code }),
    ...(source.user === '' ? {} : { uname, admin }),
    ...(source.network === '' ? {} : { network: source.network }),
    ...(err === undefined ? {} : { err }),
    more,
    since: new Date(since).toISOString(),
  }
}
