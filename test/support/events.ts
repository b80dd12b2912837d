import type { Client } from './client.ts'
import { STEP_LIMIT_MS } from './limits.ts'

/** One event as `EventSource` would give it, or a comment. */
export interface ReadEvent {
  readonly event: string
  /** Only the version: the handle before it differs at each login. */
  readonly id: string | null
  readonly data: unknown
}

/** A stream of events with a reader. */
export interface Events extends AsyncDisposable {
  readonly answer: Response
  /** Everything received so far, unparsed. */
  readonly text: string
  /** The events received so far. */
  readonly events: readonly ReadEvent[]
  /** Whether the server has ended it. */
  readonly isOver: boolean
  /** Resolves with all events when there are `count` of them. */
  count(count: number): Promise<readonly ReadEvent[]>
  /** Resolves when `holds` returns true. Rejects if that takes too long. */
  until(holds: () => boolean): Promise<void>
  /** Hangs up. */
  close(): Promise<void>
}

/** Begins to read a response that is a stream of events. */
export function readEvents(answer: Response): Events {
  if (answer.status !== 200 || answer.body === null) throw new Error(`No stream: ${answer.status}`)
  const reader = answer.body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let isOver = false
  let heard = () => {}
  const read = async () => {
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        text += decoder.decode(value, { stream: true })
        heard()
      }
    } catch {
      // The connection was cut.
    }
    isOver = true
    heard()
  }
  void read()
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Came only: ${text.slice(-500)}`)), STEP_LIMIT_MS)
      heard = () => {
        if (!holds()) return
        clearTimeout(timer)
        resolve()
      }
      heard()
    })
  const close = async () => {
    await reader.cancel()
  }
  return {
    answer,
    get text() {
      return text
    },
    get events() {
      return eventsIn(text)
    },
    get isOver() {
      return isOver
    },
    async count(count) {
      await until(() => eventsIn(text).length >= count)
      return eventsIn(text)
    },
    until,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/**
 * Parses by the rules of the HTML standard, for what this server sends: one line of data. Keeps only the
 * version of the id.
 */
function eventsIn(text: string): readonly ReadEvent[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((block) => {
      const fields = new Map(
        block.split('\n').map((line) => [line.split(': ')[0], line.replace(/^\w*: ?/, '')]),
      )
      return {
        event: fields.get('event') ?? '',
        id: fields.get('id')?.split('.')[1] ?? null,
        data: JSON.parse(fields.get('data') ?? 'null'),
      }
    })
    .filter(({ data }) => data !== null)
}

/** Reads the events of a client's session. */
export const watch = async (client: Client, path = '/session/events', headers: Record<string, string> = {}) =>
  readEvents(await client.ask(path, null, headers))
