import { Refusal } from '../errors.ts'
import type { Ask } from './ask.ts'
import { API_HEADERS } from './headers.ts'

/**
 * Bytes that may wait for a reader. A reader that is further behind has stopped reading; its stream ends at
 * the next event.
 */
const MAX_BACKLOG_BYTES = 65_536

/** Seconds after which a client may ask for a stream again. */
const RETRY_S = 5

const encoder = new TextEncoder()
const strategy = new ByteLengthQueuingStrategy({ highWaterMark: MAX_BACKLOG_BYTES })

const HEADERS = {
  'Content-Type': 'text/event-stream',
  ...API_HEADERS,
  // Otherwise a compressing proxy would hold back the end of an event until the next one.
  'Cache-Control': 'no-store, no-transform',
  // Otherwise nginx would buffer events.
  'X-Accel-Buffering': 'no',
  // A proxy must not reuse a connection that is about to time out or end for another client's request.
  Connection: 'close',
}

export interface StreamSettings {
  /** How many streams may be open at once. */
  readonly most: number
  /** How many of one session. */
  readonly mostOfSession: number
  /** Milliseconds between comments, which keep proxies from closing a silent stream. */
  readonly heartbeat: number
}

/** What the opener of a stream provides. */
export interface Source {
  /** The session's id. */
  readonly id: string
  /** Called at every heartbeat. */
  beat(): void
  /** Called once, after the stream has ended for any reason. */
  ended(): void
  /** Called before `ended` if the reader has stopped reading. */
  dropped(): void
}

/** All open streams: limits their number and ends them. */
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

  /** Throws if the session, or the server, has no room for another stream. */
  requireRoom(id: string): void {
    const { most, mostOfSession } = this.#settings
    if (this.#isStopped) throw new Refusal('busy', 'This server stops. Ask again for another one.', 1)
    if (this.#open.size >= most)
      throw new Refusal('busy', 'As many streams are open as this server has room for.', RETRY_S)
    if (this.#countOf(id) >= mostOfSession)
      throw new Refusal(
        'too_many_streams',
        `This session has ${mostOfSession} streams open, which is the most; close one first.`,
        RETRY_S,
      )
  }

  /** Opens a stream as the response to a request. Throws if too many are open by now. */
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

  /** Ends all streams and opens no more. */
  stop(): void {
    this.#isStopped = true
    for (const stream of this.#open) stream.end()
  }
}

/** An open event stream. Sending after it has ended does nothing. */
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

  /** Sends a text, or ends the stream of a reader that has stopped reading. */
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

  /** Ends the stream after what was sent. */
  end(): void {
    if (this.#isOver) return
    // For a reader that does not accept even that.
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
