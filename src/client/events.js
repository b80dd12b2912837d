import { blocksOf } from './event-stream.js'
import { noAnswer, Problem } from './problem.js'

/** @import { Connection } from './connection.js' */
/** @import { EventOptions, SessionEvent, StateListener } from './types.js' */

/** Milliseconds before the first reconnection, if the server does not say, and the most before any. */
const RETRY_MS = 1_000
const RETRY_MAX_MS = 10_000

/** Each wait is this many times as long as it has to be at most, so that not all clients come back at once. */
const SPREAD = 3

/**
 * The changes of the session, until it ends or `signal` is aborted. A connection that breaks is made again, with the
 * id that came last, and what passes by itself is waited for. Rejects with what does not pass, such as
 * `not_logged_in`.
 * @param {Connection} connection
 * @param {EventOptions} options
 * @returns {AsyncGenerator<SessionEvent, void>}
 */
export async function* eventsOf(
  connection,
  { values = false, signal: given, onState = () => {}, retry = RETRY_MS },
) {
  connection.requireUrl()
  const stop = new AbortController()
  const signal = given === undefined ? stop.signal : AbortSignal.any([given, stop.signal])
  const target = values ? '/session/events?values=true' : '/session/events'
  const place = { lastId: '', retry, failures: 0 }
  try {
    while (!signal.aborted) {
      const broken = yield* heardAt(
        place,
        () => {
          const headers = { Accept: 'text/event-stream, application/problem+json', ...lastEventId(place) }
          return connection.stream(target, headers, signal)
        },
        onState,
      )
      if (broken === 'ended' || signal.aborted) return
      if (broken !== null && !isPassing(broken)) throw broken
      onState('lost', broken ?? undefined)
      await wait(waitAfter(broken, place), signal)
    }
  } finally {
    stop.abort()
  }
}

/** @typedef {{ lastId: string, retry: number, failures: number }} Place */

/**
 * The events of one connection. Returns why there are no more: the session has ended, a problem, or (null) the
 * server closed it.
 * @param {Place} place
 * @param {() => Promise<ReadableStream<Uint8Array>>} connect
 * @param {StateListener} onState
 * @returns {AsyncGenerator<SessionEvent, 'ended' | Problem | null>}
 */
async function* heardAt(place, connect, onState) {
  try {
    const body = await connect()
    place.failures = 0
    onState('open')
    for await (const { id, retry, event } of blocksOf(body)) {
      place.lastId = id ?? place.lastId
      place.retry = retry ?? place.retry
      if (event !== null) yield event
      if (event?.kind === 'end') return 'ended'
    }
    return null
  } catch (error) {
    place.failures += 1
    return error instanceof Problem ? error : noAnswer(error, 0)
  }
}

/** @param {Place} place */
const lastEventId = ({ lastId }) => (lastId === '' ? {} : { 'Last-Event-ID': lastId })

/**
 * Whether it is worth asking again. What a proxy answers in place of the server is.
 * @param {Problem} problem
 */
const isPassing = ({ code, status }) => code === 'unreachable' || status === 429 || status >= 500

/**
 * @param {Problem | null} problem
 * @param {Place} place
 */
function waitAfter(problem, { retry, failures }) {
  const least = Math.max((problem?.retryAfter ?? 0) * 1_000, Math.min(RETRY_MAX_MS, retry * 2 ** failures))
  return least * (1 + Math.random() * (SPREAD - 1))
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 */
function wait(milliseconds, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve(undefined)
    }
  })
}
