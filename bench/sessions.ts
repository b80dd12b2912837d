import { hash } from 'node:crypto'
import { join } from 'node:path'

/**
 * The sessions that every contender holds. A session's token, user and values follow from its number, so
 * nothing has to be stored.
 */

/** Attributes of a session, unless a question asks for fewer. */
export const ATTRIBUTES = 10

/**
 * Returns a token like those of logins with CSRF protection: the same length, but derived from the number
 * instead of random.
 */
export const tokenOf = (i: number): string => `s${hash('sha256', `session ${i}`, 'base64url')}`

export const keyOf = (k: number): string => `a${k}`

/** Twenty characters. */
export const valueAt = (i: number, k: number): string => `value-${k}-${i}`.padEnd(20, '.')

/** Returns the first `count` attributes. */
export const attributesOf = (i: number, count: number): Map<string, string> =>
  new Map(Array.from({ length: count }, (_, k) => [keyOf(k), valueAt(i, k)]))

/** Users among whom the sessions are divided. */
export const USERS = 1_000
export const unameOf = (i: number): string => `user${String(i % USERS).padStart(4, '0')}`

/** What a request needs to know about a session: fields of fixed width, for which `{1}`, `{2}`… stand. */
export type RecordOf = (i: number) => readonly string[]

/** A file of records, for `load.lua`. */
export interface Records {
  readonly path: string
  readonly count: number
  readonly widths: readonly number[]
}

let files = 0

export async function writeRecords(folder: string, count: number, recordOf: RecordOf): Promise<Records> {
  const path = join(folder, `records-${files++}`)
  const widths = recordOf(0).map((field) => field.length)
  const width = widths.reduce((a, b) => a + b, 0)
  const sink = Bun.file(path).writer({ highWaterMark: 1_048_576 })
  for (let i = 0; i < count; i++) {
    const record = recordOf(i).join('')
    if (record.length !== width)
      throw new Error(`The record of session ${i} is not as wide as that of session 0.`)
    sink.write(record)
  }
  await sink.end()
  return { path, count, widths }
}
