import { type Backoff, pauseAfter } from '../../wait.ts'
import { handleOf } from '../store.ts'
import type { Source } from '../watches.ts'
import type { Client } from './client.ts'
import { Deadlines } from './deadlines.ts'
import { channelOf, isHandle } from './keys.ts'
import { type Host, shownHost } from './place.ts'
import { ConnectionLost, faultOf, isAnswer } from './replies.ts'
import { slotOf } from './slots.ts'

/** A connection that is for subscriptions alone: what is pushed must not wait behind answers, nor they behind it. */
interface Feed {
  readonly host: string
  readonly client: Promise<Client>
  /** Of the sessions that it is subscribed to, or is about to be. */
  readonly ids: Set<string>
  isLost: boolean
}

/** What feeds need of the rest of the store. */
export interface Surroundings {
  /** Milliseconds after which an answer, or a connection, is given up. */
  readonly timeout: number
  connect(host: Host, lost: () => void): Promise<Client>
  /** The server that a key is on, as far as is known. Throws a `StoreFault` if none is. */
  hostOf(key: string): Host
  /** Asks for a key, so that it is known anew where it is. */
  look(key: string): Promise<unknown>
  /** The slots that are on their way to another node. Rejects with a `StoreFault`. */
  leaving(): Promise<ReadonlySet<number>>
  heard(id: string, message: string): void
  /** The subscription had been lost and is there again, or what is published may not come by it. Called before anything behind the gap is heard. */
  missed(id: string): void
}

/** Milliseconds between two looks whether feeds answer and are where their sessions are. */
const BEAT = 1_000

/** Between attempts to subscribe again. */
const RESUBSCRIBE: Backoff = { first: 20, longest: 500 }

/** Subscriptions that are asked for again at once. */
const AT_ONCE = 500

/**
 * Subscriptions to what scripts publish of sessions, on one connection for each server that has any. They are made again by themselves
 * when a connection is lost, stands still, or leads to where a session no longer is.
 */
export class Feeds implements Source {
  readonly #around: Surroundings
  readonly #deadlines: Deadlines<Feed | null>
  readonly #feeds = new Map<string, Feed>()
  readonly #wanted = new Set<string>()
  /** What is subscribed to, and where. */
  readonly #at = new Map<string, Feed>()
  /** What was, and is not now. */
  readonly #adrift = new Set<string>()
  #beating: NodeJS.Timeout | null = null
  #isRecovering = false
  #isClosed = false

  constructor(around: Surroundings) {
    this.#around = around
    this.#deadlines = new Deadlines(around.timeout, {
      ranOut: (feed) => this.#lose(feed),
      faultOf: (feed, error) => {
        if (!isAnswer(error)) this.#lose(feed)
        return faultOf(error)
      },
    })
  }

  async begin(id: string): Promise<void> {
    if (!isHandle(handleOf(id))) return
    this.#wanted.add(id)
    const feed = this.#at.get(id)
    // One that is there already may be dead without anybody having noticed.
    if (feed !== undefined) await this.#ping(feed)
    else await this.#deadlines.within(null, this.#subscribe(id))
  }

  async end(id: string): Promise<void> {
    this.#wanted.delete(id)
    this.#adrift.delete(id)
    const feed = this.#at.get(id)
    if (feed !== undefined) await this.#unsubscribe(id, feed)
  }

  close(): void {
    this.#isClosed = true
    this.#wanted.clear()
    this.#adrift.clear()
    for (const feed of this.#feeds.values()) this.#lose(feed)
  }

  async #subscribe(id: string): Promise<void> {
    if (this.#at.has(id)) return
    const channel = channelOf(id)
    const feed = this.#feedAt(this.#around.hostOf(channel))
    feed.ids.add(id)
    let isTold = false
    const tellMissed = () => {
      if (!isTold && this.#adrift.has(id)) this.#around.missed(id)
      isTold = true
    }
    const heard = (message: string) => {
      // What still comes by a connection that was given up is behind a gap of which nobody has been told yet.
      if (feed.isLost) return
      // Before the answer to the subscription has been read, something may have been published already.
      tellMissed()
      this.#around.heard(id, message)
    }
    try {
      const client = await feed.client
      await this.#deadlines.within(feed, client.subscribe(channel, heard))
      if (feed.isLost) throw new ConnectionLost('the connection for subscriptions is gone')
    } catch (error) {
      feed.ids.delete(id)
      // Where it is now nobody on this node may have noticed either.
      await this.#around.look(channel).catch(() => {})
      throw error
    }
    this.#at.set(id, feed)
    // Nobody may want it any more, where it took too long.
    if (!this.#wanted.has(id)) {
      await this.#unsubscribe(id, feed)
      return
    }
    tellMissed()
    this.#adrift.delete(id)
  }

  async #unsubscribe(id: string, feed: Feed): Promise<void> {
    this.#at.delete(id)
    try {
      const client = await feed.client
      await this.#deadlines.within(feed, client.unsubscribe(channelOf(id)))
    } catch {
      // With the connection the subscription is gone too.
      this.#lose(feed)
    }
    feed.ids.delete(id)
  }

  #feedAt(host: Host): Feed {
    const name = shownHost(host)
    const known = this.#feeds.get(name)
    if (known !== undefined) return known
    if (this.#isClosed) throw new ConnectionLost('the store is closed')
    const client = this.#around.connect(host, () => this.#lose(feed))
    const feed: Feed = { host: name, client, ids: new Set(), isLost: false }
    client.catch(() => this.#lose(feed))
    this.#feeds.set(name, feed)
    this.#beating ??= setInterval(() => this.#beat(), BEAT).unref()
    return feed
  }

  #lose(feed: Feed | null): void {
    if (feed === null || feed.isLost) return
    feed.isLost = true
    this.#feeds.delete(feed.host)
    void feed.client.then(
      (client) => client.destroy(),
      () => {},
    )
    for (const id of feed.ids) {
      if (this.#at.delete(id) && this.#wanted.has(id)) this.#adrift.add(id)
    }
    if (this.#feeds.size === 0 && this.#beating !== null) {
      clearInterval(this.#beating)
      this.#beating = null
    }
    void this.#recover()
  }

  async #recover(): Promise<void> {
    if (this.#isRecovering) return
    this.#isRecovering = true
    for (let attempts = 0; this.#adrift.size > 0; attempts++) {
      const all = [...this.#adrift]
      for (let at = 0; at < all.length; at += AT_ONCE) {
        await Promise.allSettled(all.slice(at, at + AT_ONCE).map((id) => this.#subscribe(id)))
      }
      if (this.#adrift.size > 0) await Bun.sleep(pauseAfter(attempts, RESUBSCRIBE))
    }
    this.#isRecovering = false
  }

  /** A server that stands still says nothing, and neither does one that is no longer the primary. */
  #beat(): void {
    for (const feed of [...this.#feeds.values()]) {
      if (feed.ids.size === 0 || this.#isAstray(feed)) this.#lose(feed)
      else this.#ping(feed).catch(() => {})
    }
    this.#tellLeaving().catch(() => {})
  }

  /**
   * A session whose slot is on its way may have gone ahead. What is written to it there is published there, and until the slot follows
   * nobody can subscribe to it where it will stay.
   */
  async #tellLeaving(): Promise<void> {
    const slots = await this.#around.leaving()
    if (slots.size === 0) return
    for (const id of this.#at.keys()) if (slots.has(slotOf(channelOf(id)))) this.#around.missed(id)
  }

  /** Any answer will do: where the disk is full Redis refuses PING together with writes. */
  async #ping(feed: Feed): Promise<void> {
    const answer = feed.client.then((client) => client.send(['PING']))
    await this.#deadlines.within(
      feed,
      answer.catch((error) => {
        if (!isAnswer(error)) throw error
      }),
    )
  }

  #isAstray(feed: Feed): boolean {
    try {
      return [...feed.ids].some((id) => shownHost(this.#around.hostOf(channelOf(id))) !== feed.host)
    } catch {
      // Nobody knows where they are at the moment.
      return false
    }
  }
}
