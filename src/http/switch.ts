import { quoted, Refusal } from '../errors.ts'

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['on', true],
  ['true', true],
  ['off', false],
  ['false', false],
])

/** What a switch can be, as a message says it. */
export const SWITCH_VALUES = 'on or true, off or false'

/** The value of a switch, in capital or small letters; undefined: it is none. */
export const isSwitchedOn = (value: string): boolean | undefined => WORDS.get(value.toLowerCase())

/**
 * The value of a switch. Anything else is refused: a client that means off must not get on, nor the reverse, without being
 * told.
 */
export function requireSwitch(name: string, value: string): boolean {
  const isOn = isSwitchedOn(value)
  if (isOn !== undefined) return isOn
  const seen = value === '' ? 'empty' : quoted(value)
  throw new Refusal('invalid_parameter', `${name} is ${seen}; it can be ${SWITCH_VALUES}.`)
}
