import { readFileSync } from 'node:fs'
import { SetupError } from './errors.ts'

/**
 * Reads a text file. Throws a `SetupError` that names the file by `what`, such as `The settings file`, and
 * the remedy.
 */
export function readText(path: string, what: string, remedy: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (cause) {
    const { code } = cause as { code?: string }
    const why = code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`
    throw new SetupError(`${what} ${path} ${why}. ${remedy}`, { cause })
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new SetupError(`${what} ${path} is not UTF-8. Save it in that encoding.`, { cause })
  }
}
