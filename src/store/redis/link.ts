import { StoreFault } from '../../errors.ts'
import { type Backoff, pauseAfter } from '../../wait.ts'
import type { Write } from './clock.ts'
import { Deadlines } from './deadlines.ts'
import type { Host } from './place.ts'
import { faultOf, isAnswer, isDemoted, isUnknownScript } from './replies.ts'
import type { Script } from './scripts.ts'

/** A way to wherever the keys are: one server, or all of a cluster. */
export interface Wire {
  /** Whether it leads to several servers, of which some may go on where others are away. */
  readonly isMany: boolean
  /** Sends a command that changes nothing to where its key is. `isWide`: it is a script that is. */
  send(key: string, args: readonly string[], isWide: boolean): Promise<unknown>
  /** Sends a command to every server that has keys. */
  sendEach(args: readonly string[]): Promise<readonly unknown[]>
  /**
   * Has a script write where its key is, in time or never, and waits for replicas in the same round trip if `wait` is their command; the
   * answer, and how many confirmed.
   */
  write(
    command: Write & { readonly key: string; readonly isWide: boolean },
    wait: readonly string[] | null,
  ): Promise<readonly [unknown, number]>
  /** The server that a key is on, as far as is known. */
  hostOf(key: string): Host
  close(): Promise<void>
  destroy(): void
}

/** Makes a way, and calls `lost` when it, or a part of it, ends by itself. */
type Open = (lost: () => void) => Promise<Wire>

export interface LinkOptions {
  /** Milliseconds after which an answer, or a connection, is given up. */
  readonly timeout: number
  /** Replicas that have to confirm every write, and milliseconds that they may take. */
  readonly replicas: number
  readonly replicaTimeout: number
}

/** Between attempts to connect. */
const RECONNECT: Backoff = { first: 20, longest: 500 }

type Keys = readonly [string, ...string[]]

/**
 * What the rest of the store sends its commands through. While Redis is away every command fails at once; it connects again by itself.
 * No command is sent twice, but for a script that Redis said it does not know or got too late.
 */
export class Link {
  readonly #open: Open
  readonly #options: LinkOptions
  readonly #wait: readonly string[] | null
  readonly #deadlines: Deadlines<Wire>
  #wire: Wire | null
  #isRenewing = false
  #renewedAt = 0
  #isClosed = false
  readonly #writes = new Set<Promise<unknown>>()

  private constructor(wire: Wire, open: Open, options: LinkOptions) {
    this.#wire = wire
    this.#open = open
    this.#options = options
    const { replicas, replicaTimeout } = options
    this.#wait = replicas === 0 ? null : ['WAIT', String(replicas), String(replicaTimeout)]
    this.#deadlines = new Deadlines(options.timeout, {
      ranOut: (from, isSilent) => {
        if (isSilent || from.isMany) this.#lose(from)
      },
      faultOf: (from, error) => {
        if (!isAnswer(error) || isDemoted(error)) this.#lose(from)
        return faultOf(error)
      },
    })
  }

  /** Rejects if the first connection cannot be made. */
  static async open(open: Open, options: LinkOptions): Promise<Link> {
    let link: Link | null = null
    const wire = await open(() => {
      if (link !== null) link.#lose(wire)
    })
    link = new Link(wire, open, options)
    return link
  }

  /** A command that changes nothing. */
  read(key: string, args: readonly string[]): Promise<unknown> {
    return this.#send(key, args, false)
  }

  /** The server that a key is on, as far as is known. Throws a `StoreFault` if Redis is away. */
  hostOf(key: string): Host {
    if (this.#wire === null) throw away()
    return this.#wire.hostOf(key)
  }

  /** A command that changes nothing, answered by every server that has keys. */
  readEach(args: readonly string[]): Promise<readonly unknown[]> {
    const wire = this.#wire
    return wire === null ? Promise.reject(away()) : this.#deadlines.within(wire, wire.sendEach(args))
  }

  /** A script that changes nothing; the first of its keys says where. */
  look(script: Script, keys: Keys, args: readonly string[]): Promise<unknown> {
    return run((words) => this.#send(keys[0], words, script.isWide), script, keys, args)
  }

  /**
   * A script that writes, before this is answered or never. Rejects also if too few replicas confirmed the write, of which nobody knows then
   * whether it lasts.
   */
  write(script: Script, keys: Keys, args: readonly string[]): Promise<unknown> {
    const written = run((words) => this.#write(keys[0], words, script.isWide), script, keys, args)
    this.#writes.add(written)
    const done = () => void this.#writes.delete(written)
    written.then(done, done)
    return written
  }

  /** Waits for the writes under way. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#writes)
    this.#isClosed = true
    const wire = this.#wire
    this.#wire = null
    if (wire !== null) await this.#retire(wire)
  }

  #send(key: string, args: readonly string[], isWide: boolean): Promise<unknown> {
    const wire = this.#wire
    return wire === null ? Promise.reject(away()) : this.#deadlines.within(wire, wire.send(key, args, isWide))
  }

  async #write(key: string, args: readonly string[], isWide: boolean): Promise<unknown> {
    const { replicas, timeout } = this.#options
    const wire = this.#wire
    if (wire === null) throw away()
    // No later than it is given up.
    const latest = performance.now() + timeout
    const sent = wire.write({ key, args, isWide, latest }, this.#wait)
    const [reply, confirmed] = await this.#deadlines.within(wire, sent)
    if (confirmed >= replicas) return reply
    throw new StoreFault(
      'store_unavailable',
      `${confirmed} of ${replicas} replicas confirmed a write in time; it may be lost if the primary fails now.`,
      null,
    )
  }

  /** The one to a single server is useless from now on. Of a cluster others go on answering until their places are known anew. */
  #lose(wire: Wire): void {
    if (this.#wire !== wire || this.#isClosed) return
    if (!wire.isMany) {
      this.#wire = null
      wire.destroy()
    }
    if (!this.#isRenewing) void this.#renew()
  }

  async #renew(): Promise<void> {
    this.#isRenewing = true
    // Nodes that stay away must not make a cluster that answers for the rest connect all the time.
    const early = this.#renewedAt + RECONNECT.longest - performance.now()
    if (this.#wire !== null && early > 0) await Bun.sleep(early)
    for (let attempts = 0; !this.#isClosed; attempts++) {
      const wire = await this.#tryOpen()
      if (wire !== null) {
        this.#replace(wire)
        break
      }
      await Bun.sleep(pauseAfter(attempts, RECONNECT))
    }
    this.#renewedAt = performance.now()
    this.#isRenewing = false
  }

  async #tryOpen(): Promise<Wire | null> {
    let opened: Wire | null = null
    try {
      opened = await this.#open(() => {
        if (opened !== null) this.#lose(opened)
      })
      return opened
    } catch {
      return null
    }
  }

  #replace(wire: Wire): void {
    const old = this.#isClosed ? wire : this.#wire
    if (!this.#isClosed) this.#wire = wire
    if (old !== null) void this.#retire(old)
  }

  /** Answers that are still to come may, for as long as anybody waits for them. */
  async #retire(wire: Wire): Promise<void> {
    const late = Promise.withResolvers<void>()
    // What is closed in time does not keep the process from ending.
    setTimeout(late.resolve, this.#options.timeout).unref()
    await Promise.race([wire.close().catch(() => {}), late.promise])
    wire.destroy()
  }
}

const away = () =>
  new StoreFault('store_unavailable', 'Redis is away; connecting to it goes on in the background.', null)

async function run(
  send: (words: readonly string[]) => Promise<unknown>,
  { sha, text }: Script,
  keys: Keys,
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...args]
  try {
    return await send(['EVALSHA', sha, ...rest])
  } catch (error) {
    if (!(error instanceof StoreFault && isUnknownScript(error.cause))) throw error
    return send(['EVAL', text, ...rest])
  }
}
