import { password as askPassword, isCancel, spinner } from '@clack/prompts'
import { SetupError } from '../errors.ts'

/** After this many milliseconds a person wants to see that something goes on. */
const PATIENCE = 1_000

export const print = (line: string): void => {
  process.stdout.write(`${line}\n`)
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

/** Control characters as boxes: a user agent must not be able to write on the terminal. */
const visible = (text: string) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')

/** Does something that may take long; a terminal shows a spinner if it does. */
export async function withSpinner<T>(doing: string, work: () => Promise<T>): Promise<T> {
  if (process.stderr.isTTY !== true) return work()
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
    const [line = ''] = (await Bun.stdin.text()).split(/\r?\n/)
    if (line === '') throw new SetupError('No password came on standard input; send it as the first line.')
    return line
  }
  const first = await ask(`Password for ${uname}`)
  if ((await ask('The same again')) !== first)
    throw new SetupError('The two passwords differ; nothing was changed.')
  return first
}

async function ask(message: string): Promise<string> {
  const answer = await askPassword({ message, output: process.stderr })
  if (isCancel(answer)) throw new SetupError('Nothing was changed.')
  return answer
}
