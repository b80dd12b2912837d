import { Refusal } from '../errors.ts'

/**
 * Refuses a form of more than so many pairs. Counted in the text: in 1 MiB are half a million of them, and as objects they would take a
 * hundred times as much memory, and the thread for as long as a thousand other requests.
 */
export function requireFewPairs(text: string, most: number): void {
  // What is shorter cannot hold them, which is nearly every body.
  if (text.length <= most) return
  let pairs = 1
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1))
    if (++pairs > most) throw tooMany(most)
}

/**
 * Refuses a JSON object of more than so many values, names not counted, and those of lists and objects in it counted like its own. Text
 * that is no JSON passes or does not, and is refused by whoever parses it.
 */
export function requireFewValues(text: string, most: number): void {
  if (text.length <= most) return
  let values = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    // A value follows each of them, or nothing does.
    else if ((code === COMMA || code === LIST || code === OBJECT) && ++values > most) throw tooMany(most)
  }
}

const [QUOTE, BACKSLASH, COMMA, LIST, OBJECT] = [0x22, 0x5c, 0x2c, 0x5b, 0x7b] as const

/** Where the string ends that begins there, or the text. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) break
  }
  return at
}

const tooMany = (most: number) =>
  new Refusal(
    'too_many_parameters',
    `The body holds more than ${most} parameters; nothing was stored. Send them in several requests.`,
  )
