import { quoted, Refusal } from '../errors.ts'
import { CSRF_TOKEN, isLoginParameter } from '../session/limits.ts'
import type { Millis } from '../store/store.ts'
import type { Ask } from './ask.ts'
import { lastOf, type Pair, parseQuery } from './form.ts'
import { requireSwitch } from './switch.ts'

/** Entries of a list that come without asking for a number, and the most that can be asked for. */
const PAGE = 100
export const LARGEST_PAGE = 1_000

/** What a list that comes in pages knows. */
export const PAGED = ['after', 'limit']

/** How a place in a list of sessions is named: stores say a number, or a number and a handle. */
export const SESSION_CURSOR = /^-?\d{1,15}(:[\w-]{22})?$/

/** An instant in RFC 3339. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

const DAY: Millis = 86_400_000

/** The parameters of a call by name; of one that comes twice the last one stands. */
export type Params = ReturnType<typeof namedParams>

/** Refuses a parameter that is not among `known`: it was meant to do something. */
export function namedParams(pairs: readonly Pair[], known: readonly string[]) {
  for (const [name] of pairs) {
    if (known.includes(name) || name === CSRF_TOKEN || isLoginParameter(name)) continue
    throw new Refusal(
      'invalid_parameter',
      `There is no parameter ${quoted(name)} here; there are: ${known.join(', ')}.`,
    )
  }
  const find = (name: string): string | undefined => lastOf(pairs, name) ?? undefined
  const requireWhole = (name: string, text: string): number => {
    if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text)
    throw new Refusal('invalid_parameter', `${name} is a whole number above 0.`)
  }
  return {
    find,
    require(name: string): string {
      const value = find(name)
      if (value === undefined || value === '')
        throw new Refusal('missing_parameter', `The parameter ${name} is missing.`)
      return value
    },
    /** What narrows to some of many; nothing is no filter, as a form sends it that was not filled in. */
    filter(name: string): string | undefined {
      return find(name) || undefined
    },
    /** A list: given several times, or with commas between. */
    list(name: string): readonly string[] | undefined {
      const values = pairs.filter(([each]) => each === name).flatMap(([, value]) => value.split(','))
      return find(name) === undefined
        ? undefined
        : values.map((value) => value.trim()).filter((value) => value !== '')
    },
    flag(name: string): boolean | undefined {
      const value = find(name)
      return value === undefined ? undefined : requireSwitch(name, value)
    },
    /** An instant, or a date, which is its first or its last moment in UTC. */
    instant(name: string, edge: 'start' | 'end'): Millis | undefined {
      const text = find(name) || undefined
      if (text === undefined) return undefined
      const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text)
      const at = isDate ? Date.parse(`${text}T00:00:00Z`) : INSTANT.test(text) ? Date.parse(text) : Number.NaN
      if (!Number.isNaN(at)) return isDate && edge === 'end' ? at + DAY : at
      throw new Refusal(
        'invalid_parameter',
        `${name} is a date, such as 2026-12-01, or an instant with its zone, such as 2026-12-01T14:00:00Z.`,
      )
    },
    /** `after`, which looks like this, and `limit` of a list that comes in pages. */
    page(cursor: RegExp, standard = PAGE): { readonly after: string | null; readonly limit: number } {
      const [after = null, limit] = [find('after'), find('limit')]
      if (after !== null && !cursor.test(after))
        throw new Refusal('invalid_parameter', 'after is what «next» said in the page before this one.')
      return {
        after,
        limit: limit === undefined ? standard : Math.min(LARGEST_PAGE, requireWhole('limit', limit)),
      }
    },
  }
}

/** Refuses a request whose URL holds one of these: URLs end up in logs and histories. */
export function requireInBody(ask: Ask, secrets: readonly string[]): void {
  const found = parseQuery(ask.query).find(([name]) => secrets.includes(name))
  if (found !== undefined)
    throw new Refusal('invalid_parameter', `Send ${found[0]} in the body: passwords do not belong in URLs.`)
}
