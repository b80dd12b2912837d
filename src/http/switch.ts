import { quoted, Refusal } from '../errors.ts'

const WORDS: ReadonlyMap<string, boolean> = new Map([
  ['on', true],
  ['true', true],
  ['off', false],
  ['false', false],
])

/**
 * The value of a switch, in capital or small letters. Anything else is refused: a client that means off must not get on, nor the
 * reverse, without being told.
 */
export function requireSwitch(name: string, value: string): boolean {
  const isOn = WORDS.get(value.toLowerCase())
  if (isOn !== undefined) return isOn
  throw new Refusal(
    'invalid_parameter',
    `${name} is ${value === '' ? 'empty' : quoted(value)}; it can be on or true, off or false.`,
  )
}
