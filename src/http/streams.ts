import { Refusal } from '../errors.ts'
import type { Ask } from './ask.ts'
import { API_HEADERS } from './headers.ts'

/** Bytes that may wait for a reader. One that has more to read has stopped reading, and is dropped before the next event. */
const BACKLOG = 65_536

/** Seconds after which it is worth asking again for a stream. */
const RETRY = 5

const encoder = new TextEncoder()
const strategy = new ByteLengthQueuingStrategy({ highWaterMark: BACKLOG })

const HEADERS = {
  'Content-Type': 'text/event-stream',
  ...API_HEADERS,
  // Else a proxy that compresses would keep back the end of an event until the next one comes.
  'Cache-Control': 'no-store, no-transform',
  // Else nginx would gather events before it passes them on.
  'X-Accel-Buffering': 'no',
  // A connection whose time is up soon, as one that is ended is, must not be kept by a proxy for somebody's next request.
  Connection: 'close',
}

export interface StreamSettings {
  /** Streams that may be open at once. */
  readonly most: number
  /** Those of one session. */
  readonly mostOfSession: number
  /** Milliseconds between the comments that keep proxies from taking a stream that is silent for dead. */
  readonly heartbeat: number
}

/** What a stream needs of whoever opens it. */
export interface Source {
  /** The id of the session. */
  readonly id: string
  /** Called at every heartbeat. */
  beat(): void
  /** Called once, when the stream has ended in whatever way. */
  ended(): void
  /** Called before that if it ends because its reader has stopped reading. */
  dropped(): void
}

/** The streams that are open: how many there may be, and how they end. */
export class Streams {
  readonly #settings: StreamSettings
  readonly #open = new Set<Stream>()
  readonly #bySession = new Map<string, number>()
  #isStopped = false

  constructor(settings: StreamSettings) {
    this.#settings = settings
  }

  /** How many are open. */
  get count(): number {
    return this.#open.size
  }

  /** Refuses a stream of the session of an id if there are enough. */
  requireRoom(id: string): void {
    const { most, mostOfSession } = this.#settings
    if (this.#isStopped) throw new Refusal('busy', 'This server stops. Ask again for another one.', 1)
    if (this.#open.size >= most)
      throw new Refusal('busy', 'As many streams are open as this server has room for.', RETRY)
    if (this.#countOf(id) >= mostOfSession)
      throw new Refusal(
        'too_many_streams',
        `This session has ${mostOfSession} streams open, which is the most; close one first.`,
        RETRY,
      )
  }

  /** Opens a stream that answers a request, or refuses: there are enough by now. */
  open(ask: Ask, source: Source): Stream {
    const { id } = source
    this.requireRoom(id)
    const stream = new Stream(ask, this.#settings.heartbeat, {
      ...source,
      ended: () => {
        this.#open.delete(stream)
        const left = this.#countOf(id) - 1
        if (left > 0) this.#bySession.set(id, left)
        else this.#bySession.delete(id)
        source.ended()
      },
    })
    this.#open.add(stream)
    this.#bySession.set(id, this.#countOf(id) + 1)
    return stream
  }

  #countOf(id: string): number {
    return this.#bySession.get(id) ?? 0
  }

  /** Ends all of them, and opens no more. */
  stop(): void {
    this.#isStopped = true
    for (const stream of this.#open) stream.end()
  }
}

/** An answer that goes on. What is sent after its end is nobody's. */
export class Stream {
  readonly response: Response
  readonly #ask: Ask
  readonly #source: Source
  readonly #timer: NodeJS.Timeout
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null
  #isOver = false

  constructor(ask: Ask, heartbeat: number, source: Source) {
    this.#ask = ask
    this.#source = source
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller
        },
        // The client has hung up.
        cancel: () => this.#finish(),
      },
      strategy,
    )
    this.response = new Response(body, { headers: HEADERS })
    this.#timer = setInterval(() => {
      this.send(':\n\n')
      if (!this.#isOver) source.beat()
    }, heartbeat)
    ask.keepOpen()
  }

  /** Sends something, or drops a reader who has stopped reading. */
  send(text: string): void {
    if (this.#isOver || this.#controller === null) return
    if ((this.#controller.desiredSize ?? 0) > 0) {
      this.#controller.enqueue(encoder.encode(text))
      return
    }
    this.#source.dropped()
    this.#ask.hangUp()
    this.#controller.error(new Error('The reader has stopped reading.'))
    this.#finish()
  }

  /** Ends it after what was sent. */
  end(): void {
    if (this.#isOver) return
    // For a reader who does not take even that.
    this.#ask.hangUp()
    this.#controller?.close()
    this.#finish()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearInterval(this.#timer)
    this.#source.ended()
  }
}
