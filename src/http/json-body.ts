import { quoted, Refusal } from '../errors.ts'
import type { Pair } from './form.ts'
import { jsonErrorIn } from './json-error.ts'

/**
 * Which values a JSON object may hold. `strings`: strings, as attributes are. `keys`: also lists of strings,
 * each of which repeats the parameter. `fields`: also booleans, numbers, and lists of strings, which are
 * joined by commas.
 */
export type JsonShape = 'strings' | 'keys' | 'fields'

/** Parses the pairs of a JSON object. Messages name keys and kinds of values, but never a value. */
export function parseJson(text: string, shape: JsonShape): Pair[] {
  const json = parse(text)
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw malformed(`The JSON body is ${kindOf(json)}. Send an object, such as {"key": "value"}.`)
  const pairs: Pair[] = []
  for (const [name, value] of Object.entries(json)) {
    if (typeof value === 'string') pairs.push([name, value])
    else for (const each of textsOf(name, value, shape)) pairs.push([name, each])
  }
  return pairs
}

/** Returns the texts for which a value that is no string stands. */
function textsOf(name: string, value: unknown, shape: JsonShape): readonly string[] {
  if (shape === 'fields' && (typeof value === 'boolean' || typeof value === 'number')) return [String(value)]
  if (shape === 'strings' || !Array.isArray(value)) throw notAString(name, value, shape)
  const other = value.find((each) => typeof each !== 'string')
  if (other !== undefined)
    throw malformed(`The list ${quoted(name)} in the JSON body holds ${kindOf(other)}. Send strings in it.`)
  if (shape === 'fields') {
    if (!value.some((each) => each.includes(','))) return [value.join(',')]
    throw malformed(
      `A string in the list ${quoted(name)} of the JSON body holds a comma, which separates entries here.`,
    )
  }
  // No keys mean all keys: an empty list computed by a program would delete everything.
  if (value.length > 0) return value
  throw malformed(
    `The list ${quoted(name)} in the JSON body is empty. Leave it out if you mean all attributes.`,
  )
}

const notAString = (name: string, value: unknown, shape: JsonShape) =>
  malformed(
    `The value of ${quoted(name)} in the JSON body is ${kindOf(value)}. Send ${shape === 'keys' ? 'a string or a list of strings' : 'a string, in double quotes'}.`,
  )

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Our own message, since the parser's repeats the text.
    const { line, column, expected } = jsonErrorIn(text)
    throw malformed(`The body is not JSON: in line ${line}, column ${column}, ${expected} is expected.`)
  }
}

const malformed = (message: string) => new Refusal('malformed_request', message)
