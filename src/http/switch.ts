import { quoted, Refusal } from '../errors.ts'

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['on', true],
  ['true', true],
  ['off', false],
  ['false', false],
])

/** Parses a switch in any case; undefined: it is none. */
export const isSwitchedOn = (value: string): boolean | undefined => WORDS.get(value.toLowerCase())

/** Says what is wrong with a value that is no switch, as the rest of a sentence that begins with its name. */
export const noSwitch = (value: string): string =>
  `is ${value === '' ? 'empty' : quoted(value)}; it can be on or true, off or false.`

/**
 * Returns the value of a switch. Throws on anything else: a client that means off must not silently get on,
 * nor the reverse.
 */
export function requireSwitch(name: string, value: string): boolean {
  const isOn = isSwitchedOn(value)
  if (isOn !== undefined) return isOn
  throw new Refusal('invalid_parameter', `${name} ${noSwitch(value)}`)
}
