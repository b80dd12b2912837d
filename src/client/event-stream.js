/** @import { SessionEvent } from './types.js' */

/** Milliseconds without a byte after which a stream is given up. The server sends a comment every 20 seconds. */
const SILENCE_MS = 60_000

/** Characters of an event that is still coming in. The server sends none of more than 131,072. */
const LONGEST_EVENT = 1_048_576

/** @typedef {{ id: string | null, retry: number | null, event: SessionEvent | null }} Block A blank line ends it. */

/**
 * Reads server-sent events: blocks as they come in, until the body ends. Rejects if it is cut off, silent for too
 * long or too large.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<Block, void>}
 */
export async function* blocksOf(body) {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await inTime(reader.read())
      if (done) return
      // A line ends with any of three endings. A CR at the end may be the first half of one.
      const all = (text + decoder.decode(value, { stream: true })).replace(/\r\n|\r(?!$)/g, '\n')
      const blocks = all.split('\n\n')
      text = blocks.pop() ?? ''
      if (text.length > LONGEST_EVENT) throw new Error('An event is too long.')
      for (const block of blocks) yield blockOf(block)
    }
  } finally {
    // Not waited for: of a connection that is dead nothing comes back.
    void reader.cancel().catch(() => {})
  }
}

/**
 * @template T
 * @param {Promise<T>} reading
 * @returns {Promise<T>}
 */
async function inTime(reading) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const silence = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('Nothing came for a minute.')), SILENCE_MS)
  })
  try {
    return await Promise.race([reading, /** @type {Promise<never>} */ (silence)])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * @param {string} text
 * @returns {Block}
 */
function blockOf(text) {
  const fields = new Map(
    text.split('\n').map((line) => {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
      return [name, value]
    }),
  )
  const id = fields.get('id') ?? null
  const retry = fields.get('retry') ?? ''
  return {
    id,
    retry: /^\d+$/.test(retry) ? Number(retry) : null,
    event: fields.has('data') ? eventOf(fields.get('event') ?? '', fields.get('data') ?? '', id) : null,
  }
}

/**
 * The event of this kind, or null: the server has kinds of events that this client does not know.
 * @param {string} kind
 * @param {string} text
 * @param {string | null} id
 * @returns {SessionEvent | null}
 */
function eventOf(kind, text, id) {
  const etag = `"${id}"`
  try {
    const data = JSON.parse(text)
    if (kind === 'put')
      return data.attributes === undefined
        ? { kind, keys: data.keys, etag }
        : { kind, attributes: data.attributes, etag }
    if (kind === 'delete') return { kind, keys: data.all === true ? 'all' : data.keys, etag }
    if (kind === 'end') return { kind, reason: data.reason }
    return kind === 'missed' ? { kind } : null
  } catch {
    // What cannot be read may have been a change.
    return { kind: 'missed' }
  }
}
