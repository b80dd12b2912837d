import { quoted, Refusal } from '../errors.ts'
import { countPairs, FEW_PARAMETERS, SHORT_TEXT } from './count.ts'
import { requireNoJson, requireNoJsonPart } from './form-slips.ts'

/** A parameter: its name and value. A name may occur several times. */
export type Pair = readonly [name: string, value: string]

/** Returns the value of a parameter, the last one if it occurs several times. Null: it is absent. */
export const lastOf = (pairs: readonly Pair[], name: string): string | null =>
  pairs.findLast(([each]) => each === name)?.[1] ?? null

/**
 * Parses an `application/x-www-form-urlencoded` text (WHATWG URL, 5.1) whose `+` are spaces by now. Strict:
 * throws on what is not encoded UTF-8, since a repaired value would be another value.
 */
export function parseForm(text: string): Pair[] {
  const pairs: Pair[] = []
  if (text === '') return pairs
  requireNoJson(text)
  const isEncoded = text.includes('%')
  for (const part of text.split('&')) {
    if (part === '') continue
    const at = part.indexOf('=')
    if (at === -1) requireNoJsonPart(part)
    const [name, value] = at === -1 ? [part, ''] : [part.slice(0, at), part.slice(at + 1)]
    pairs.push(isEncoded ? [decode(name), decode(value, name)] : [name, value])
  }
  return pairs
}

/**
 * Parses a query string. The HTTP parser has replaced invalid UTF-8 by replacement characters by now, and
 * those cannot be told from real ones.
 */
export function parseQuery(query: string, most = FEW_PARAMETERS): Pair[] {
  if (query === '') return []
  if (query.length > SHORT_TEXT && countPairs(query, most) > most) {
    throw new Refusal(
      'too_many_parameters',
      `The query string holds more than ${most} parameters, which is the most. Send them in the body of a POST.`,
    )
  }
  const broken = query.indexOf('%EF%BF%BD')
  if (broken !== -1) throw notInQuery(query, broken)
  return parseForm(query.includes('+') ? utf8.decode(plusToSpace(Buffer.from(query))) : query)
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

function notInQuery(query: string, at: number): Refusal {
  const part = query.slice(query.lastIndexOf('&', at) + 1).split('&', 1)[0] ?? ''
  const name = part.split('=', 1)[0] ?? ''
  return malformed(
    `The parameter ${quoted(name)} in the query string is not UTF-8, or holds U+FFFD, which looks the same here. ` +
      'Encode it as UTF-8, where ü is %C3%BC; send U+FFFD in the body of a POST.',
  )
}

/**
 * Replaces each `+` of a form by the space that it means (a plus itself is `%2B`). Works on bytes, since a
 * string of nothing but `+` takes 60 times longer.
 */
export function plusToSpace(bytes: Uint8Array): Uint8Array {
  const first = bytes.indexOf(PLUS)
  if (first === -1) return bytes
  for (let at = first; at < bytes.length; at++) if (bytes[at] === PLUS) bytes[at] = SPACE
  return bytes
}

const [PLUS, SPACE] = [0x2b, 0x20] as const

/** `name` is the parameter whose value the text is; without it the text is a name. */
function decode(text: string, name?: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    const what =
      name === undefined ? `The name ${quoted(text)} of a parameter` : `The parameter ${nameOf(name)}`
    throw malformed(
      /%(?![\da-f]{2})/i.test(text)
        ? `${what} holds a % that two hexadecimal digits do not follow. Write % itself as %25.`
        : `${what} is percent-encoded, but not in UTF-8 (in Latin-1 perhaps). Encode it as UTF-8, where ü is %C3%BC.`,
    )
  }
}

/** Quotes a name that was decoded before. */
const nameOf = (name: string) => quoted(decode(name))

const malformed = (message: string) => new Refusal('malformed_request', message)
