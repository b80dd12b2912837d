import { StoreFault } from '../../errors.ts'
import { Deadlines } from './deadlines.ts'
import { faultOf, isDemoted, isUnknownScript } from './replies.ts'
import type { Script } from './scripts.ts'

/** A way to wherever the keys are: one server, or all of a cluster. */
export interface Wire {
  /** Sends a command to where its key is, and, with `confirmed`, waits in the same round trip for replicas; how many confirmed. */
  send(key: string, args: readonly string[]): Promise<unknown>
  sendConfirmed(
    key: string,
    args: readonly string[],
    wait: readonly string[],
  ): Promise<readonly [unknown, number]>
  close(): Promise<void>
  destroy(): void
}

export interface LinkOptions {
  /** Milliseconds after which an answer, or a connection, is given up. */
  readonly timeout: number
  /** Replicas that have to confirm every write, and milliseconds that they may take. */
  readonly replicas: number
  readonly replicaTimeout: number
}

/** Milliseconds between attempts to connect: at first, and at most. */
const [SOON, LATE] = [50, 500]

/**
 * What the rest of the store sends its commands through. While Redis is away every command fails at once; it connects again by itself.
 * No command is sent twice, but for a script that Redis said it does not know.
 */
export class Link {
  readonly #open: (lost: () => void) => Promise<Wire>
  readonly #deadlines: Deadlines
  readonly #wait: readonly string[]
  readonly #replicas: number
  #wire: Wire | null
  #isClosed = false
  #underWay = new Set<Promise<unknown>>()

  private constructor(wire: Wire, open: (lost: () => void) => Promise<Wire>, options: LinkOptions) {
    this.#wire = wire
    this.#open = open
    this.#replicas = options.replicas
    this.#wait = ['WAIT', String(options.replicas), String(options.replicaTimeout)]
    this.#deadlines = new Deadlines(options.timeout, () => this.#lose(this.#wire))
  }

  /** Rejects if the first connection cannot be made. */
  static async open(open: (lost: () => void) => Promise<Wire>, options: LinkOptions): Promise<Link> {
    let link: Link | null = null
    const wire = await open(() => {
      if (link !== null) link.#lose(wire)
    })
    link = new Link(wire, open, options)
    return link
  }

  /** A command that changes nothing. */
  read(key: string, args: readonly string[]): Promise<unknown> {
    const wire = this.#wire
    if (wire === null) return Promise.reject(this.#away())
    return this.#deadlines.within(wire.send(key, args)).catch((error) => this.#failed(wire, error))
  }

  /** A script that changes nothing; the first of its keys says where. */
  look(script: Script, keys: readonly [string, ...string[]], args: readonly string[]): Promise<unknown> {
    return this.#run((words) => this.read(keys[0], words), script, keys, args)
  }

  /** A script that writes. Rejects also if too few replicas confirmed the write, of which nobody knows then whether it lasts. */
  write(script: Script, keys: readonly [string, ...string[]], args: readonly string[]): Promise<unknown> {
    const written = this.#run((words) => this.#write(keys[0], words), script, keys, args)
    this.#underWay.add(written)
    const done = () => void this.#underWay.delete(written)
    written.then(done, done)
    return written
  }

  /** Waits for the writes under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.allSettled(this.#underWay)
    const wire = this.#wire
    this.#wire = null
    await wire?.close()
  }

  async #run(
    send: (words: readonly string[]) => Promise<unknown>,
    { sha, text }: Script,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await send(['EVALSHA', sha, ...rest])
    } catch (error) {
      if (!isUnknownScript((error as StoreFault).cause)) throw error
      return send(['EVAL', text, ...rest])
    }
  }

  async #write(key: string, args: readonly string[]): Promise<unknown> {
    if (this.#replicas === 0) return this.read(key, args)
    const wire = this.#wire
    if (wire === null) throw this.#away()
    const sent = wire.sendConfirmed(key, args, this.#wait)
    const [reply, confirmed] = await this.#deadlines.within(sent).catch((error) => this.#failed(wire, error))
    if (confirmed >= this.#replicas) return reply
    throw new StoreFault(
      'store_unavailable',
      `${confirmed} of ${this.#replicas} replicas confirmed a write in time; it may be lost if the primary fails now.`,
      null,
    )
  }

  #away(): StoreFault {
    return new StoreFault(
      'store_unavailable',
      'Redis is away; connecting to it goes on in the background.',
      null,
    )
  }

  #failed(wire: Wire, error: unknown): never {
    if (isDemoted(error)) this.#lose(wire)
    throw faultOf(error)
  }

  #lose(wire: Wire | null): void {
    if (wire === null || this.#wire !== wire || this.#isClosed) return
    this.#wire = null
    wire.destroy()
    void this.#reopen()
  }

  async #reopen(): Promise<void> {
    for (let pause = SOON; !this.#isClosed; pause = Math.min(LATE, 2 * pause)) {
      try {
        const wire: Wire = await this.#open(() => this.#lose(wire))
        if (this.#isClosed) wire.destroy()
        else this.#wire = wire
        return
      } catch {
        await Bun.sleep(pause)
      }
    }
  }
}
