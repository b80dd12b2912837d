import { quoted, Refusal } from '../errors.ts'
import { type Attributes, RESERVED, sizeOf } from '../store/store.ts'

/** How much may hang on a session. Bytes are counted in UTF-8. */
export interface Limits {
  readonly keyBytes: number
  readonly valueBytes: number
  readonly attributes: number
  readonly sessionBytes: number
  /** Of all live sessions of a user. */
  readonly userBytes: number
  /** Of a session, whatever others of its user have. */
  readonly shareBytes: number
}

/** The attribute that is read through `get` and never kept: see `csrfTokenOf`. */
export const CSRF_TOKEN = 'CSRFToken'

/** The parameters of the login. Old clients send them with every request; a put does not store them. */
const LOGIN_PARAMETERS = ['z_username', 'z_password', 'z_csrf_protection']

export const isLoginParameter = (name: string): boolean =>
  name.startsWith('z_') && LOGIN_PARAMETERS.includes(name)

/** Whether a key belongs to applications: users neither see nor change such attributes. */
export const isReserved = (key: string): boolean => key.startsWith(RESERVED)

/**
 * The attributes that these pairs put; of a key that comes twice the last one stands. Refuses what no session may hold, before
 * anything is stored.
 */
export function requireAttributes(pairs: readonly (readonly [string, string])[], limits: Limits): Attributes {
  const attributes = new Map<string, string>()
  for (const [key, value] of pairs) {
    if (isLoginParameter(key)) continue
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
    if (isReserved(key)) {
      throw new Refusal(
        'reserved_attribute',
        `The key ${quoted(key)} begins with ${RESERVED}, which is reserved for applications. Choose another key. Nothing was stored.`,
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
    attributes.set(key, value)
  }
  if (attributes.size === 0)
    throw new Refusal('nothing_to_put', 'Name at least one attribute to put, as key=value.')
  if (attributes.size > limits.attributes) throw tooMany(attributes, limits)
  return attributes
}

function requireKey(key: string): void {
  if (key === '') throw new Refusal('invalid_key', 'The key of an attribute cannot be empty.')
  if (!isText(key)) throw notText()
}

const notText = () =>
  new Refusal(
    'invalid_key',
    'The key of an attribute holds a NUL or half a surrogate pair; send Unicode text.',
  )

/**
 * The keys that a user names to read or remove attributes, without those that name none: an empty one, and one of applications. One that is
 * too large to be put is one that is not there. Refuses what is no text.
 */
export function requireKeys(keys: readonly string[]): readonly string[] {
  let isAny = false
  for (const key of keys) {
    if (!isText(key)) throw notText()
    isAny ||= key === '' || isReserved(key)
  }
  return isAny ? keys.filter((key) => key !== '' && !isReserved(key)) : keys
}

/** Attributes as the user of the session sees them. */
export function seenAttributes(attributes: Attributes): Attributes {
  for (const key of attributes.keys())
    if (isReserved(key)) return new Map([...attributes].filter(([each]) => !isReserved(each)))
  return attributes
}

/** Refuses attributes with which a session would hold too many. */
export const tooMany = ({ size }: Attributes, limits: Limits) =>
  new Refusal(
    'too_many_attributes',
    `A session can hold ${limits.attributes} attributes, and would hold more with the ${size} that were sent. ` +
      'Nothing was stored. Delete some first.',
  )

/** Refuses attributes with which a session would be too large. */
export const tooLarge = (attributes: Attributes, limits: Limits) =>
  new Refusal(
    'session_too_large',
    `A session can hold ${limits.sessionBytes} bytes of keys and values, and would hold more with the ${bytesOf(attributes)} that were sent. ` +
      'Nothing was stored. Delete something first.',
  )

/** Refuses attributes with which all sessions of the user together would hold too much. */
export const userTooLarge = (attributes: Attributes, limits: Limits) =>
  new Refusal(
    'user_too_large',
    `All sessions of a user together can hold ${limits.userBytes} bytes (limits.user), and would hold more with the ${bytesOf(attributes)} that were sent. ` +
      'Nothing was stored. Delete something first, or end other sessions.',
  )

function bytesOf(attributes: Attributes): number {
  let bytes = 0
  for (const [key, value] of attributes) bytes += sizeOf(key, value)
  return bytes
}

/** NUL ends a string for too many programs, and half a surrogate pair has no UTF-8. */
const isText = (text: string) => text.isWellFormed() && !text.includes('\0')
