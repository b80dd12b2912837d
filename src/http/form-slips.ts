import { Refusal } from '../errors.ts'
import { countValues } from './count.ts'

/**
 * Texts with more values than this are not tried as JSON. Valid forms that begin like JSON are short, or have
 * other parts.
 */
const MAX_TRIED_VALUES = 4_096

/** How a form that is really JSON begins, percent-encoded or not, after white space. */
const LIKE_JSON = /^(?:[ \t\r\n]|%20|%09|%0[ad])*(?:\{|\[|%7b|%5b)/i

/**
 * Throws on a form that is really JSON, as `curl -d '{"a":"1"}'` sends it without a type. It would be a
 * parameter with an odd name and no value, and a list of keys would mean all of them. A valid form is not
 * JSON, or has a `=` after its brace.
 */
export function requireNoJson(form: string): void {
  if (beginsLikeJson(form) && (isUnassigned(form) || isJson(form))) throw isReallyJson()
}

/** Throws on a part of a form without a value that is JSON itself, as when a token was sent beside it. */
export function requireNoJsonPart(part: string): void {
  if (beginsLikeJson(part) && isJson(part)) throw isReallyJson()
}

function beginsLikeJson(text: string): boolean {
  const first = text.charCodeAt(0)
  // Nearly every form begins with a letter.
  return (first <= PERCENT || first === LIST || first === OBJECT) && LIKE_JSON.test(text)
}

const isReallyJson = () =>
  new Refusal(
    'malformed_request',
    'This is JSON where key=value is expected. Send JSON in the body of a POST, with the header Content-Type: application/json.',
  )

const [PERCENT, LIST, OBJECT] = [0x25, 0x5b, 0x7b] as const

/** Tells whether it begins with an unencoded brace and no part of it has a value. */
const isUnassigned = (text: string) => text.trimStart().startsWith('{') && !text.includes('=')

function isJson(text: string): boolean {
  try {
    const decoded = text.includes('%') ? decodeURIComponent(text) : text
    if (!/[\]}]\s*$/.test(decoded.slice(-100)) || countValues(decoded, MAX_TRIED_VALUES) > MAX_TRIED_VALUES)
      return false
    JSON.parse(decoded)
    return true
  } catch {
    return false
  }
}
