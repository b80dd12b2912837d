/** How many parameters are parsed for any client. More are parsed only for a client with a live session. */
export const FEW_PARAMETERS = 256

/** Texts up to this length are parsed without counting: they hold too few parameters to cost much. */
export const SHORT_TEXT = 1_024

/** Returns how many pairs a form holds, including empty ones. Stops at `most` + 1. */
export function countPairs(text: string, most: number): number {
  let pairs = 1
  for (let at = text.indexOf('&'); at !== -1 && pairs <= most; at = text.indexOf('&', at + 1)) pairs++
  return pairs
}

/**
 * Returns how many values a JSON text holds, including those in nested lists and objects, but not names.
 * Stops at `most` + 1. For invalid JSON the number means nothing; the parser then refuses the text.
 */
export function countValues(text: string, most: number): number {
  let values = 0
  for (let at = 0; at < text.length && values <= most; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    // Each of these is followed by a value, or by nothing.
    else if (code === COMMA || code === LIST || code === OBJECT) values++
  }
  return values
}

const [QUOTE, BACKSLASH, COMMA, LIST, OBJECT] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b] as const

/** Returns where the string that begins at `start` ends, or the end of the text. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end, start)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

/** Tells whether an odd number of backslashes precedes a position in a string. */
function isEscaped(text: string, at: number, start: number): boolean {
  let first = at
  while (first - 1 > start && text.charCodeAt(first - 1) === BACKSLASH) first--
  return (at - first) % 2 === 1
}
