import type { SQL } from 'bun'
import type { Millis } from '../store.ts'

/** By which PostgreSQL says that a write came too late: five characters that it uses for nothing itself. */
export const LATE = 'LATE0'

/**
 * Undoes the statement that it is part of if its time is over, by the clock of the database. It belongs behind everything that the statement
 * does and waits for: rows that it has locked by then it has before whoever writes later.
 */
export const DEADLINE_FUNCTION = `
  CREATE OR REPLACE FUNCTION cloakroom.require_in_time(_deadline bigint) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    IF clock_timestamp() > to_timestamp(_deadline / 1000.0) THEN
      RAISE EXCEPTION 'It came too late.' USING ERRCODE = '${LATE}';
    END IF;
  END $$;
`

const READ_CLOCK = 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8'

/** How long what was measured is believed. Meanwhile two clocks that nobody sets run apart by a few milliseconds at most. */
const BELIEVED: Millis = 60_000

/** How the clock of the server at the other end of one connection goes beside that of this process. */
export class ServerClock {
  #ahead: Millis = 0
  #believedUntil: Millis = Number.NEGATIVE_INFINITY

  /** An instant of `performance.now()` as the server will see it come: somewhat early, never late. */
  async instantOf(local: Millis, client: SQL): Promise<Millis> {
    if (performance.now() >= this.#believedUntil) await this.#measure(client)
    return Math.floor(local + this.#ahead)
  }

  /** To be called when another server may be at the other end, or its clock was set. */
  forget(): void {
    this.#believedUntil = Number.NEGATIVE_INFINITY
  }

  async #measure(client: SQL): Promise<void> {
    const [[theirs]] = await client.unsafe(READ_CLOCK).values()
    // It looked at its clock before this, and by as much every deadline is early.
    const answeredAt = performance.now()
    this.#ahead = Number(theirs) - answeredAt
    this.#believedUntil = answeredAt + BELIEVED
  }
}
