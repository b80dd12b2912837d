import { SetupError } from '../errors.ts'
import { standardError } from '../output.ts'
import { readInput, requireTyped } from './input.ts'

/** Milliseconds after which a spinner shows that work is going on. */
const SPINNER_DELAY_MS = 1_000

/** Loaded only where a person types or waits, since most commands never need it. */
const loadPrompts = () => import('@clack/prompts')

let hasWritten = false

/** Writes to standard output. Ends the program quietly when the reader closes the pipe, as `head` does. */
export function write(text: string): void {
  if (!hasWritten) process.stdout.on('error', leave)
  hasWritten = true
  process.stdout.write(text)
}

/** Exits quietly if the pipe or terminal is gone. Reports a full disk. */
function leave({ code }: { code?: string }): void {
  if (code === 'EPIPE' || code === 'EIO') process.exit(0)
  standardError.write(`cloakroom: Standard output cannot be written (${code}).\n`)
  void standardError.drained(SPINNER_DELAY_MS).then(() => process.exit(2))
}

export const print = (line: string): void => write(`${line}\n`)

/** Prints a value as a line of JSON. Control characters do not reach the terminal. */
export const printJson = (value: unknown): void =>
  print(JSON.stringify(value).replace(INVISIBLE, (character) => [...codeUnits(character)].join('')))

function* codeUnits(text: string): Generator<string> {
  for (let i = 0; i < text.length; i++) yield `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`
}

/** Prints rows under a heading, in columns that are as wide as their content. */
export function printTable(heading: readonly string[], rows: readonly (readonly string[])[]): void {
  const shown = [heading, ...rows].map((row) => row.map(visible))
  const widths = heading.map((_, i) => Math.max(...shown.map((row) => Bun.stringWidth(row[i] ?? ''))))
  for (const row of shown) {
    const cells = row.map((cell, i) => cell + ' '.repeat((widths[i] ?? 0) - Bun.stringWidth(cell)))
    print(cells.join('  ').trimEnd())
  }
}

/** Invisible characters. Some move the cursor or change colours. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu
const CONTROLS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Replaces control characters, so that a user agent cannot control the terminal. */
export const visible = (text: string): string => text.replace(CONTROLS, '\u{fffd}')

/** Runs `work`. A terminal shows a spinner if it takes longer than a second. */
export async function withSpinner<T>(doing: string, work: () => Promise<T>): Promise<T> {
  if (process.stderr.isTTY !== true) return work()
  const { spinner } = await loadPrompts()
  const shown = spinner({ output: process.stderr, indicator: 'timer' })
  let isShown = false
  const timer = setTimeout(() => {
    isShown = true
    shown.start(doing)
  }, SPINNER_DELAY_MS)
  try {
    return await work()
  } finally {
    clearTimeout(timer)
    if (isShown) shown.clear()
  }
}

/**
 * Reads a new password: typed twice on a terminal, or else the first line of standard input. Never an
 * argument, which other users of the machine could see.
 */
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
