import { SQL } from 'bun'
import { StoreFault } from '../../errors.ts'
import type { Millis } from '../store.ts'
import { ServerClock } from './deadline.ts'
import { isLate } from './faults.ts'
import type { Place } from './url.ts'

/** A row, column by column. */
export type Row = readonly unknown[]

/** How often in the time within which an answer must come it is looked whether it came. */
const LOOKS = 8

/** Looks after which a statement that has no answer never gets one; so it has waited five to six eighths of the time. */
const MOST_LOOKS = 5

/** The part of the time that a statement, or a connection that is being made, may take; less than `MOST_LOOKS`, so that who is there answers. */
const WORK = 0.5

/**
 * The client of one connection. It connects when it is first asked, and again after it was cut.
 *
 * Where it connects to, as whom and how comes from the place, and not from variables such as PGDATABASE. What the server, the database
 * or the role have set otherwise is set as the statements need it. `longest` is what a statement may take, if not its part of the timeout.
 * `closed` is called when a connection ends, for whatever reason.
 */
export function newClient(
  place: Place,
  timeout: Millis,
  longest: Millis = timeout * WORK,
  closed: () => void = () => {},
): SQL {
  const { authorities, tls, ...rest } = place
  return new SQL({
    adapter: 'postgres',
    url: 'postgres://',
    ...rest,
    tls: authorities === null ? tls : { ca: Bun.file(authorities), ...(tls === 'verify-ca' ? ANY_HOST : {}) },
    channelBinding: 'disable',
    max: 1,
    idleTimeout: 0,
    onclose: closed,
    connectionTimeout: (timeout * WORK) / 1000,
    connection: {
      application_name: 'cloakroom',
      client_encoding: 'UTF8',
      statement_timeout: Math.ceil(longest),
      // What was answered is on the disk.
      synchronous_commit: 'on',
      // A statement that waited for a row must see what became of it.
      default_transaction_isolation: 'read committed',
      // A server that is not (or no longer) the primary refuses a connection that asks for this: it might not know of a revocation yet.
      transaction_read_only: 'off',
      // Every statement is planned once per connection. It may be while the tables are empty, and must be right when they have grown: by
      // the index.
      plan_cache_mode: 'force_generic_plan',
      enable_seqscan: 'off',
      jit: 'off',
    },
  })
}

const ANY_HOST = { checkServerIdentity: () => undefined }

interface Line {
  readonly client: SQL
  readonly clock: ServerClock
  asked: number
  answered: number
  /** How many had been asked at the last looks. */
  readonly looks: number[]
  isGivenUp: boolean
}

/** One connection, which is given up and made anew when it stops answering. Statements are answered in the order in which they are asked. */
export class Connection {
  readonly #open: (closed: () => void) => SQL
  readonly #patience: Millis
  #line: Line

  /** `open` makes the client, which says when a connection has ended; `timeout` is that within which it is looked whether answers come. */
  constructor(timeout: Millis, open: (closed: () => void) => SQL) {
    this.#open = open
    this.#patience = (timeout * MOST_LOOKS) / LOOKS
    this.#line = this.#newLine()
  }

  /** How many statements wait for an answer. */
  get waiting(): number {
    return this.#line.asked - this.#line.answered
  }

  ask(text: string, params: readonly unknown[]): Promise<readonly Row[]> {
    return this.#await(({ client }) => client.unsafe(text, params as unknown[]).values())
  }

  /**
   * Asks for a change that happens before it is given up, or never: the network may deliver it when a later one has long been answered. The
   * last parameter of the statement, which is added here, is what it gives to `require_in_time`.
   */
  change(text: string, params: readonly unknown[]): Promise<readonly Row[]> {
    const deadline = performance.now() + this.#patience
    return this.#await(async ({ client, clock }) => {
      const ask = async (): Promise<readonly Row[]> =>
        client.unsafe(text, [...params, await clock.instantOf(deadline, client)]).values()
      try {
        return await ask()
      } catch (error) {
        if (!isLate(error)) throw error
        clock.forget()
        // Nothing has happened; and if there is time left, what was known of the server's clock was wrong.
        if (performance.now() >= deadline) throw error
        return await ask()
      }
    })
  }

  /** To be called `LOOKS` times within the timeout: gives the connection up, with all that waits for it, if no answer came for long. */
  look(): void {
    const line = this.#line
    line.looks.push(line.asked)
    if (line.looks.length <= MOST_LOOKS || line.answered >= (line.looks.shift() ?? 0)) return
    this.#line = this.#newLine()
    line.isGivenUp = true
    void line.client.close({ timeout: 0 })
  }

  /** Waits for the statements under way. */
  close(): Promise<void> {
    return this.#line.client.close()
  }

  async #await(ask: (line: Line) => Promise<readonly Row[]>): Promise<readonly Row[]> {
    const line = this.#line
    line.asked++
    try {
      return await ask(line)
    } catch (error) {
      throw line.isGivenUp
        ? new StoreFault('store_unavailable', 'The database does not answer.', error)
        : error
    } finally {
      line.answered++
    }
  }

  #newLine(): Line {
    const clock = new ServerClock()
    const client = this.#open(() => clock.forget())
    return { client, clock, asked: 0, answered: 0, looks: [], isGivenUp: false }
  }
}

/** How long to wait between two looks. */
export const lookPeriod = (timeout: Millis): Millis => timeout / LOOKS
