import { Refusal } from '../errors.ts'
import type { Attributes } from '../store/store.ts'

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
    if (Buffer.byteLength(key) > limits.keyBytes) {
      throw new Refusal(
        'key_too_large',
        `The key ${shown(key)} is larger than ${limits.keyBytes} bytes; nothing was stored.`,
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
        `The value of ${shown(key)} holds a NUL or half a surrogate pair; send Unicode text.`,
      )
    }
    if (Buffer.byteLength(value) > limits.valueBytes) {
      throw new Refusal(
        'value_too_large',
        `The value of ${shown(key)} is larger than ${limits.valueBytes} bytes; nothing was stored.`,
      )
    }
  }
  const attributes = new Map(pairs)
  if (attributes.size > limits.attributes) throw tooMany(limits)
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

export const tooMany = (limits: Limits) =>
  new Refusal(
    'too_many_attributes',
    `A session holds ${limits.attributes} attributes at most; nothing was stored. Delete some first.`,
  )

export const tooLarge = (limits: Limits) =>
  new Refusal(
    'session_too_large',
    `A session holds ${limits.sessionBytes} bytes at most; nothing was stored. Delete something first.`,
  )

/** NUL ends a string for too many programs, and half a surrogate pair has no UTF-8. */
const isText = (text: string) => text.isWellFormed() && !text.includes('\0')

const shown = (key: string) => `«${key.length > 40 ? `${key.slice(0, 40).toWellFormed()}…` : key}»`
