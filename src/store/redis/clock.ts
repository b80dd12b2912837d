import { isLate, isOnItsWay } from './replies.ts'

/** Sends a command on one connection; what is sent in one turn arrives one right behind the other. */
export type Send = (args: readonly string[]) => Promise<unknown>

/** One connection to one server. */
export interface Connection {
  readonly send: Send
  readonly clock: Clock
}

/** The words of a script that writes, without its deadline. */
export interface Write {
  readonly args: readonly string[]
  /** By `performance.now()`: later than this it is not done. */
  readonly latest: number
}

/** Milliseconds for which a clock is believed to go as ours. Meanwhile two part by a fraction of one, but somebody may set theirs. */
const FRESH = 30_000

/** Milliseconds by which a clock may be taken to be behind without another look, and how often it is looked at again for that. */
const [CLOSE, AGAIN] = [10, 5]

/**
 * The clock of a server, measured by our own that nobody sets. It may be taken to be behind what it is, by the time that the answer
 * took at most, and never ahead: so a deadline comes too early rather than too late.
 */
class Clock {
  readonly #ask: () => Promise<unknown>
  #ahead = 0
  #measuredAt = Number.NEGATIVE_INFINITY
  #measuring: Promise<void> | null = null

  constructor(send: Send) {
    this.#ask = () => send(['TIME'])
  }

  get isFresh(): boolean {
    return performance.now() - this.#measuredAt < FRESH
  }

  /** What was measured no longer holds. */
  forget(): void {
    this.#measuredAt = Number.NEGATIVE_INFINITY
  }

  measure(): Promise<void> {
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = null
    })
    return this.#measuring
  }

  /** What it says at an instant by `performance.now()`, in milliseconds. */
  at(instant: number): number {
    return instant + this.#ahead
  }

  async #measure(): Promise<void> {
    const { took, ahead } = await this.#look()
    this.#measuredAt = performance.now()
    this.#ahead = ahead
    if (took > CLOSE) this.#comeCloser().catch(() => {})
  }

  /** Nobody waits for it: on a busy machine one answer may take so long that many a write would be late. */
  async #comeCloser(): Promise<void> {
    const measuredAt = this.#measuredAt
    for (let i = 0; i < AGAIN; i++) {
      const { took, ahead } = await this.#look()
      if (this.#measuredAt !== measuredAt) return
      this.#ahead = Math.max(this.#ahead, ahead)
      if (took <= CLOSE) return
    }
  }

  /** How long an answer took, and by how much the clock is ahead of ours at least. */
  async #look(): Promise<{ readonly took: number; readonly ahead: number }> {
    const askedAt = performance.now()
    const [seconds, micros] = (await this.#ask()) as [string, string]
    const answeredAt = performance.now()
    const ahead = Number(seconds) * 1_000 + Number(micros) / 1_000 - answeredAt
    return { took: answeredAt - askedAt, ahead }
  }
}

const clocks = new WeakMap<object, Clock>()

/** The connection of a client, with the clock as it was measured by it. */
export function connectionOf(client: object, send: Send): Connection {
  let clock = clocks.get(client)
  if (clock === undefined) {
    clock = new Clock(send)
    clocks.set(client, clock)
  }
  return { send, clock }
}

/**
 * Writes, and waits for replicas in the same round trip if `wait` is their command: the answer, and how many confirmed. A write whose
 * connection is given up may still be on its way, in the buffers of this machine, and would arrive when the network is well again, over
 * one that was answered since. So it has a deadline by the clock of the server, and its failure is not told before that.
 */
export async function writeInTime(
  { send, clock }: Connection,
  { args, latest }: Write,
  wait: readonly string[] | null,
): Promise<readonly [unknown, number]> {
  for (let isRepeated = false; ; isRepeated = true) {
    if (!clock.isFresh) await clock.measure()
    try {
      const sent = send([...args, String(clock.at(latest))])
      const [reply, confirmed] = await Promise.all([sent, wait === null ? 0 : send(wait)])
      return [reply, Number(confirmed)]
    } catch (error) {
      if (isOnItsWay(error)) await Bun.sleep(Math.max(0, Math.ceil(latest - performance.now())))
      // Late though there is time left: the clock has been set, and it was not done.
      if (isRepeated || !isLate(error) || performance.now() > latest) throw error
      clock.forget()
    }
  }
}
