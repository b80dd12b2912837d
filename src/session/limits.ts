import { quoted, Refusal } from '../errors.ts'
import { sizeOfAll } from '../store/bounds.ts'
import { type Attributes, RESERVED } from '../store/store.ts'

/** How much a session may hold. Bytes are counted in UTF-8. */
export interface Limits {
  readonly keyBytes: number
  readonly valueBytes: number
  readonly attributes: number
  readonly sessionBytes: number
  /** For all live sessions of a user together. */
  readonly userBytes: number
  /** What a session may hold in any case, whatever the user's other sessions hold. */
  readonly shareBytes: number
}

/** An attribute that `get` computes and that is never stored: see `csrfTokenOf`. */
export const CSRF_TOKEN = 'CSRFToken'

/** The login's parameters. Old clients send them with every request; a put does not store them. */
const LOGIN_PARAMETERS = ['z_username', 'z_password', 'z_csrf_protection']

export const isLoginParameter = (name: string): boolean =>
  name.startsWith('z_') && LOGIN_PARAMETERS.includes(name)

/** Tells whether a key belongs to applications: users neither see nor change such attributes. */
export const isReserved = (key: string): boolean => key.startsWith(RESERVED)

/**
 * Returns the attributes that these pairs set; the last value of a repeated key wins. Throws, before anything
 * is stored, if a session must not hold one of them.
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
 * Returns the keys that a user may read or remove: drops empty keys and those of applications. A key that is
 * too large to be put simply does not exist. Throws on keys that are not valid text.
 */
export function requireKeys(keys: readonly string[]): readonly string[] {
  let isAny = false
  for (const key of keys) {
    if (!isText(key)) throw notText()
    isAny ||= key === '' || isReserved(key)
  }
  return isAny ? keys.filter((key) => key !== '' && !isReserved(key)) : keys
}

/** Returns the attributes that the session's user may see. */
export function seenAttributes(attributes: Attributes): Attributes {
  for (const key of attributes.keys())
    if (isReserved(key)) return new Map([...attributes].filter(([each]) => !isReserved(each)))
  return attributes
}

/** Returns the refusal of a put that would exceed the number of attributes. */
export const tooMany = ({ size }: Attributes, limits: Limits) =>
  new Refusal(
    'too_many_attributes',
    `A session can hold ${limits.attributes} attributes, and would hold more with the ${size} that were sent. ` +
      'Nothing was stored. Delete some first.',
  )

/** Returns the refusal of a put that would exceed the size of a session. */
export const tooLarge = (attributes: Attributes, limits: Limits) =>
  new Refusal(
    'session_too_large',
    `A session can hold ${limits.sessionBytes} bytes of keys and values, and would hold more with the ${sizeOfAll(attributes)} that were sent. ` +
      'Nothing was stored. Delete something first.',
  )

/** Returns the refusal of a put that would exceed the size of all the user's sessions together. */
export const userTooLarge = (attributes: Attributes, limits: Limits) =>
  new Refusal(
    'user_too_large',
    `All sessions of a user together can hold ${limits.userBytes} bytes (limits.user), and would hold more with the ${sizeOfAll(attributes)} that were sent. ` +
      'Nothing was stored. Delete something first, or end other sessions.',
  )

/** Many programs end a string at NUL, and half a surrogate pair has no UTF-8. */
const isText = (text: string) => text.isWellFormed() && !text.includes('\0')
