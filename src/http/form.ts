import { Refusal } from '../errors.ts'
import { countPairs, FEW_PARAMETERS, SHORT_TEXT } from './count.ts'

/** A parameter: its name and its value. A name may come several times. */
export type Pair = readonly [name: string, value: string]

/** The value of a parameter, or null: it is not there. Of one that comes several times the last one stands. */
export const lastOf = (pairs: readonly Pair[], name: string): string | null =>
  pairs.findLast(([each]) => each === name)?.[1] ?? null

/**
 * The pairs of an `application/x-www-form-urlencoded` text (WHATWG URL, 5.1) whose `+` are spaces by now, but strict: what is not an
 * encoding of UTF-8 is refused and never mended, since a mended value is another value.
 */
export function parseForm(text: string): Pair[] {
  const pairs: Pair[] = []
  if (text === '') return pairs
  const isEncoded = text.includes('%')
  for (const part of text.split('&')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const [name, value] = at === -1 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
    pairs.push(isEncoded ? [decode(name), decode(value)] : [name, value])
  }
  return pairs
}

/**
 * The pairs of a query string. The HTTP parser has turned bytes that are no UTF-8 into replacement characters by now, and those cannot
 * be told from real ones.
 */
export function parseQuery(query: string, most = FEW_PARAMETERS): Pair[] {
  if (query === '') return []
  if (query.length > SHORT_TEXT && countPairs(query, most) > most) {
    throw new Refusal(
      'too_many_parameters',
      `The query string holds more than ${most} parameters, which is the most. Send them in the body of a POST.`,
    )
  }
  if (query.includes('%EF%BF%BD')) {
    throw new Refusal(
      'malformed_request',
      'The query string is not UTF-8, or holds U+FFFD, which cannot be told from it; send it in the body of a POST.',
    )
  }
  return parseForm(query.includes('+') ? utf8.decode(plusToSpace(Buffer.from(query))) : query)
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Makes each `+` of a form a space, which it stands for (a plus itself is `%2B`). It is done to bytes, since it costs 60 times more in a
 * string of nothing but `+`.
 */
export function plusToSpace(bytes: Uint8Array): Uint8Array {
  const first = bytes.indexOf(PLUS)
  if (first === -1) return bytes
  for (let at = first; at < bytes.length; at++) if (bytes[at] === PLUS) bytes[at] = SPACE
  return bytes
}

const [PLUS, SPACE] = [0x2b, 0x20] as const

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refusal(
      'malformed_request',
      'A parameter is not percent-encoded UTF-8; encode «%» itself as %25.',
    )
  }
}

/**
 * What the values of a JSON object may be. `strings`: strings, as attributes are. `keys`: also lists of strings, each of them the
 * parameter once more. `fields`: also booleans, numbers, and lists of strings that are joined by commas.
 */
export type JsonShape = 'strings' | 'keys' | 'fields'

/** The pairs of a JSON object. */
export function parseJson(text: string, shape: JsonShape): Pair[] {
  const json = parse(text)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new Refusal(
      'malformed_request',
      'The JSON body is not an object; send one, such as {"key": "value"}.',
    )
  }
  return Object.entries(json).flatMap(([name, value]) =>
    valuesOf(value, shape).map((each): Pair => [name, each]),
  )
}

function valuesOf(value: unknown, shape: JsonShape): readonly string[] {
  if (typeof value === 'string') return [value]
  if (shape === 'keys' && isTexts(value)) {
    // No key at all means every one of them: an empty list that a program has made would delete them all.
    if (value.length > 0) return value
    throw new Refusal('malformed_request', 'A list in the JSON body is empty; leave it out, if you mean all.')
  }
  if (shape === 'fields') {
    if (typeof value === 'boolean' || typeof value === 'number') return [String(value)]
    if (isTexts(value) && !value.some((each) => each.includes(','))) return [value.join(',')]
  }
  throw new Refusal('malformed_request', 'A value in the JSON body is not a string; send it as one.')
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string')

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('malformed_request', 'The body is not JSON; send an object, or another Content-Type.')
  }
}
