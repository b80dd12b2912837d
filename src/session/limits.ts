import { quoted, Refusal } from '../errors.ts'
import { type Attributes, sizeOf } from '../store/store.ts'

/** How much may hang on a session. Bytes are counted in UTF-8. */
export interface Limits {
  readonly keyBytes: number
  readonly valueBytes: number
  readonly attributes: number
  readonly sessionBytes: number
}

/** The attribute that is read through `get` and never kept: see `csrfTokenOf`. */
export const CSRF_TOKEN = 'CSRFToken'

/**
 * The attributes that these pairs put; of a key that comes twice the last one stands. Refuses what no session may hold, before
 * anything is stored.
 */
export function requireAttributes(pairs: readonly (readonly [string, string])[], limits: Limits): Attributes {
  if (pairs.length === 0)
    throw new Refusal('nothing_to_put', 'Name at least one attribute to put, as key=value.')
  for (const [key, value] of pairs) {
    requireKey(key)
    const keyBytes = Buffer.byteLength(key)
    if (keyBytes > limits.keyBytes) {
      throw new Refusal(
        'key_too_large',
        `The key ${quoted(key)} has ${keyBytes} bytes; a key can have ${limits.keyBytes} bytes. Nothing was stored.`,
      )
    }
    if (key === CSRF_TOKEN) {
      throw new Refusal(
        'reserved_attribute',
        `${CSRF_TOKEN} is the session's CSRF token and cannot be put; choose another key.`,
      )
    }
    if (!isText(value)) {
      throw new Refusal(
        'invalid_value',
        `The value of ${quoted(key)} holds a NUL or half a surrogate pair; send Unicode text.`,
      )
    }
    const valueBytes = Buffer.byteLength(value)
    if (valueBytes > limits.valueBytes) {
      throw new Refusal(
        'value_too_large',
        `The value of ${quoted(key)} has ${valueBytes} bytes; a value can have ${limits.valueBytes} bytes. Nothing was stored.`,
      )
    }
  }
  const attributes = new Map(pairs)
  if (attributes.size > limits.attributes) throw tooMany(attributes, limits)
  return attributes
}

/** Refuses what names no attribute at all. A key that is merely too large to be put is one that is not there. */
export function requireKey(key: string): void {
  if (key === '') throw new Refusal('invalid_key', 'The key of an attribute cannot be empty.')
  if (!isText(key)) {
    throw new Refusal(
      'invalid_key',
      'The key of an attribute holds a NUL or half a surrogate pair; send Unicode text.',
    )
  }
}

/** Refuses attributes with which a session would hold too many. */
export const tooMany = ({ size }: Attributes, limits: Limits) =>
  new Refusal(
    'too_many_attributes',
    `A session can hold ${limits.attributes} attributes, and would hold more with the ${size} that were sent. ` +
      'Nothing was stored. Delete some first.',
  )

/** Refuses attributes with which a session would be too large. */
export function tooLarge(attributes: Attributes, limits: Limits): Refusal {
  let bytes = 0
  for (const [key, value] of attributes) bytes += sizeOf(key, value)
  return new Refusal(
    'session_too_large',
    `A session can hold ${limits.sessionBytes} bytes of keys and values, and would hold more with the ${bytes} that were sent. ` +
      'Nothing was stored. Delete something first.',
  )
}

/** NUL ends a string for too many programs, and half a surrogate pair has no UTF-8. */
const isText = (text: string) => text.isWellFormed() && !text.includes('\0')
