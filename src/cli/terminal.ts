import { SetupError } from '../errors.ts'
import { standardError } from '../output.ts'
import { readInput, requireTyped } from './input.ts'

/** After this many milliseconds a person wants to see that something goes on. */
const PATIENCE = 1_000

/** Loaded only where a person types or waits, since most commands need none of it. */
const loadPrompts = () => import('@clack/prompts')

let hasWritten = false

/** Writes on standard output. A reader who leaves, as `head` does, ends the program, and nobody is told. */
export function write(text: string): void {
  if (!hasWritten) process.stdout.on('error', leave)
  hasWritten = true
  process.stdout.write(text)
}

/** Ends without a word where a pipe or terminal is gone. A full disk is told. */
function leave({ code }: { code?: string }): void {
  if (code === 'EPIPE' || code === 'EIO') process.exit(0)
  standardError.write(`cloakroom: Standard output cannot be written (${code}).\n`)
  void standardError.drained(PATIENCE).then(() => process.exit(2))
}

export const print = (line: string): void => write(`${line}\n`)

/** Prints a value as a line of JSON. No character in it does anything to a terminal. */
export const printJson = (value: unknown): void =>
  print(JSON.stringify(value).replace(UNSEEN, (character) => [...codeUnits(character)].join('')))

function* codeUnits(text: string): Generator<string> {
  for (let i = 0; i < text.length; i++) yield `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`
}

/** Rows under a heading, in columns as wide as they need to be. */
export function printTable(heading: readonly string[], rows: readonly (readonly string[])[]): void {
  const shown = [heading, ...rows].map((row) => row.map(visible))
  const widths = heading.map((_, i) => Math.max(...shown.map((row) => Bun.stringWidth(row[i] ?? ''))))
  for (const row of shown) {
    const cells = row.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - Bun.stringWidth(cell)))
    print(cells.join('  ').trimEnd())
  }
}

/** Characters that nobody sees. Some move the cursor or change colours. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Control characters as boxes: a user agent must not be able to write on the terminal. */
export const visible = (text: string): string => text.replace(CONTROLS, '\u{fffd}')

/** Does something that may take long; a terminal shows a spinner if it does. */
export async function withSpinner<T>(doing: string, work: () => Promise<T>): Promise<T> {
  if (process.stderr.isTTY !== true) return work()
  const { spinner } = await loadPrompts()
  const shown = spinner({ output: process.stderr, indicator: 'timer' })
  let isShown = false
  const timer = setTimeout(() => {
    isShown = true
    shown.start(doing)
  }, PATIENCE)
  try {
    return await work()
  } finally {
    clearTimeout(timer)
    if (isShown) shown.clear()
  }
}

/** A new password: asked for twice on a terminal, else the first line of standard input. Never an argument, which others could see. */
export async function readNewPassword(uname: string): Promise<string> {
  if (process.stdin.isTTY !== true) {
    const [line = ''] = (await readInput()).split(/\r?\n/)
    if (line === '') throw new SetupError('No password came on standard input; send it as the first line.')
    return line
  }
  const first = await ask(`Password for ${uname}`)
  if ((await ask('The same again')) !== first)
    throw new SetupError('The two passwords differ; nothing was changed.')
  return first
}

async function ask(message: string): Promise<string> {
  const { password, isCancel } = await loadPrompts()
  const answer = await password({ message, output: process.stderr })
  if (isCancel(answer)) throw new SetupError('Nothing was changed.')
  return requireTyped(answer)
}
