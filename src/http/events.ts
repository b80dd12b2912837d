import { z } from 'zod'
import type { Told, Watched } from '../session/watching.ts'
import { handleOf } from '../store/store.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import type { TokenCall } from './endpoint.ts'
import { revisionOf } from './etag.ts'
import { attributesText } from './json.ts'
import { flag, parseParams } from './params.ts'

/** `values`: whether events of a put carry the values, not just the keys. */
export const EVENTS_PARAMS = z.object({ values: flag })

/**
 * Milliseconds that a browser waits before it reconnects: the minimum, and the random addition that spreads
 * clients.
 */
const RECONNECT_MIN_MS = 1_000
const RECONNECT_SPREAD_MS = 4_000

/** How many changes may wait for their values. Beyond that they are reported as missed. */
const MAX_WAITING = 100

/**
 * The longest event, in characters; a longer one is reported as missed. One put can be a megabyte, and it
 * waits in memory once for each slow reader.
 */
const MAX_EVENT_LENGTH = 131_072

/**
 * `session/events`. Parameter: `values`. Responds with the session's changes from now on as server-sent
 * events, or resolves with null if there is no live session. Throws if too many streams are open.
 */
export async function events({ ask, app, token, pairs }: TokenCall): Promise<Response | null> {
  const { values: hasValues = false } = parseParams(EVENTS_PARAMS, pairs)
  const watched = await app.watching.watch(token, (id) => app.streams.requireRoom(id))
  if (watched === null) return null
  try {
    return streamOf(ask, app, watched, hasValues)
  } catch (refusal) {
    watched.close()
    throw refusal
  }
}

function streamOf(ask: Ask, app: App, watched: Watched, hasValues: boolean): Response {
  const stream = app.streams.open(ask, {
    id: watched.id,
    beat: () => void watched.use().catch(app.fault),
    ended: () => watched.close(),
    dropped() {
      app.log.debug(
        { event: 'stream_dropped', ...ask.origin, handle: handleOf(watched.id) },
        'a client stopped reading its events',
      )
    },
  })
  const revision = revisionOf(watched.id, watched.version)
  const missed = formatEvent({ kind: 'missed' }, watched.id, null)
  const reconnect = RECONNECT_MIN_MS + Math.round(app.random() * RECONNECT_SPREAD_MS)
  const known = ask.headers.get('last-event-id')
  const isBehind = known !== null && known !== '' && known !== revision
  // One block with the new id: a reader cut off between two blocks would resume from that id and never learn
  // of the gap.
  stream.send(`retry: ${reconnect}\nid: ${revision}\n: open\n${isBehind ? missed : '\n'}`)
  const tell = (told: Told, values: string | null) => {
    const text = formatEvent(told, watched.id, values)
    stream.send(text.length > MAX_EVENT_LENGTH ? missed : text)
    if (told.kind === 'end') stream.end()
  }
  watched.begin(hasValues ? inTurn(watched, tell) : (told) => tell(told, null))
  return stream.response
}

/** Reads the values of each put before reporting it, one change at a time. */
function inTurn(watched: Watched, tell: (told: Told, values: string | null) => void): (told: Told) => void {
  let waiting: Told[] = []
  let isTelling = false
  const tellAll = async () => {
    isTelling = true
    for (let told = waiting.shift(); told !== undefined; told = waiting.shift()) {
      if (told.kind !== 'put') tell(told, null)
      else {
        const values = await valuesOf(watched, told)
        if (values === 'untold') tell({ kind: 'missed' }, null)
        // Without a session its end comes next.
        else if (values !== null) tell(told, values)
      }
    }
    isTelling = false
  }
  return (told) => {
    if (waiting.length >= MAX_WAITING) waiting = [{ kind: 'missed' }]
    waiting.push(told)
    if (!isTelling) void tellAll()
  }
}

type Put = Extract<Told, { readonly kind: 'put' }>

/**
 * Attributes as JSON. Null: no session. `untold`: the store does not respond, or they are too many for an
 * event.
 */
type Values = string | 'untold' | null

/**
 * The values read for a change. All watchers share them, so that a put of a megabyte is read once, not once
 * per watcher.
 */
const valuesRead = new WeakMap<Put, Promise<Values>>()

/** Returns the attributes that a change names, as they are when the first watcher reports it. */
function valuesOf(watched: Watched, put: Put): Promise<Values> {
  const reading = valuesRead.get(put) ?? readValues(watched, put.keys)
  valuesRead.set(put, reading)
  return reading
}

async function readValues(watched: Watched, keys: readonly string[]): Promise<Values> {
  try {
    const session = await watched.read(keys)
    if (session === null) return null
    const text = attributesText(session.attributes)
    return text.length > MAX_EVENT_LENGTH ? 'untold' : text
  } catch {
    return 'untold'
  }
}

/** Formats an event for the wire. JSON contains no line breaks, so no key or value can end a line. */
function formatEvent(told: Told, id: string, values: string | null): string {
  const line = 'version' in told ? `id: ${revisionOf(id, told.version)}\n` : ''
  return `${line}event: ${told.kind}\ndata: ${dataOf(told, values)}\n\n`
}

function dataOf(told: Told, values: string | null): string {
  switch (told.kind) {
    case 'put':
      return values === null ? JSON.stringify({ keys: told.keys }) : `{"attributes":${values}}`
    case 'delete':
      return JSON.stringify(told.keys === 'all' ? { all: true } : { keys: told.keys })
    case 'end':
      return JSON.stringify({ reason: told.reason })
    case 'missed':
      return '{}'
  }
}
