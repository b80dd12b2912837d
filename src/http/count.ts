/** Parameters that are parsed for any client. More are parsed only for a client with a live session. */
export const FEW_PARAMETERS = 256

/** Texts up to this length are parsed without a count: they hold too few parameters to cost much. */
export const SHORT_TEXT = 1_024

/** How many pairs a form holds, empty ones counted too. Stops at one more than `most`. */
export function countPairs(text: string, most: number): number {
  let pairs = 1
  for (let at = text.indexOf('&'); at !== -1 && pairs <= most; at = text.indexOf('&', at + 1)) pairs++
  return pairs
}

/**
 * How many values a JSON text holds, names not counted, and those of lists and objects in it counted like its own. Stops at one more than
 * `most`. Of a text that is no JSON it is some number, and whatever parses it refuses it.
 */
export function countValues(text: string, most: number): number {
  let values = 0
  for (let at = 0; at < text.length && values <= most; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    // A value follows each of them, or nothing does.
    else if (code === COMMA || code === LIST || code === OBJECT) values++
  }
  return values
}

const [QUOTE, BACKSLASH, COMMA, LIST, OBJECT] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b] as const

/** Where the string ends that begins there, or the text. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end, start)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

/** Whether an odd number of backslashes stands before a place in a string. */
function isEscaped(text: string, at: number, start: number): boolean {
  let first = at
  while (first - 1 > start && text.charCodeAt(first - 1) === BACKSLASH) first--
  return (at - first) % 2 === 1
}
