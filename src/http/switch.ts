import { quoted, Refusal } from '../errors.ts'

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['on', true],
  ['true', true],
  ['off', false],
  ['false', false],
])

/** The value of a switch, in capital or small letters; undefined: it is none. */
export const isSwitchedOn = (value: string): boolean | undefined => WORDS.get(value.toLowerCase())

/** What is wrong with a value that is no switch, as a sentence that begins with its name goes on. */
export const noSwitch = (value: string): string =>
  `is ${value === '' ? 'empty' : quoted(value)}; it can be on or true, off or false.`

/**
 * The value of a switch. Anything else is refused: a client that means off must not get on, nor the reverse, without being
 * told.
 */
export function requireSwitch(name: string, value: string): boolean {
  const isOn = isSwitchedOn(value)
  if (isOn !== undefined) return isOn
  throw new Refusal('invalid_parameter', `${name} ${noSwitch(value)}`)
}
