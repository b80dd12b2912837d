import { Refusal } from '../errors.ts'

/** A parameter: its name and its value. A name may come several times. */
export type Pair = readonly [name: string, value: string]

/** The value of a parameter, or null: it is not there. Of one that comes several times the last one stands. */
export const lastOf = (pairs: readonly Pair[], name: string): string | null =>
  pairs.findLast(([each]) => each === name)?.[1] ?? null

/**
 * The pairs of an `application/x-www-form-urlencoded` text (WHATWG URL, 5.1), but strict: what is not an encoding of UTF-8 is
 * refused and never mended, since a mended value is another value.
 */
export function parseForm(text: string): Pair[] {
  const pairs: Pair[] = []
  if (text === '') return pairs
  const isEncoded = text.includes('%') || text.includes('+')
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
export function parseQuery(query: string): Pair[] {
  if (query.includes('%EF%BF%BD')) {
    throw new Refusal(
      'malformed_request',
      'The query string is not UTF-8, or holds U+FFFD, which cannot be told from it; send it in the body of a POST.',
    )
  }
  return parseForm(query)
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
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
