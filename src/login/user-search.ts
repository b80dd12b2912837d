import type { Page, Store, StoredUser } from '../store/store.ts'
import { toName } from './names.ts'

/**
 * Users whose names begin with `prefix`, whatever its case, in the order of their names' bytes. There the names of each spelling of the
 * prefix follow each other, so the search looks behind each spelling, and skips those before the next name that there is.
 */
export async function searchUsers(
  store: Pick<Store, 'readUser' | 'listUsers'>,
  prefix: string,
  after: string | null,
  limit: number,
): Promise<Page<StoredUser>> {
  const letters = [...toName(prefix)].map(casesOf)
  const found: StoredUser[] = []
  let position = after
  while (found.length < limit) {
    const room = limit - found.length
    const isAmong = position !== null && begins(position, letters)
    const start = isAmong ? position : nextSpelling(letters, position)
    if (start === null) return { items: found, next: null }
    // A list begins behind a name, and the spelling itself may be one.
    const [exact, behind] = await Promise.all([
      isAmong ? null : store.readUser(start),
      store.listUsers(start, room),
    ])
    const users = exact === null ? behind.items : [exact, ...behind.items]
    const looked = users.slice(0, room)
    found.push(...looked.filter(({ uname }) => begins(uname, letters)))
    if (behind.next === null && looked.length === users.length) return { items: found, next: null }
    position = looked.at(-1)?.uname ?? start
  }
  return { items: found, next: position }
}

/** A letter in each of its cases that is one letter too, in the order of their bytes. */
const casesOf = (letter: string): readonly string[] =>
  [...new Set([letter, letter.toLowerCase(), letter.toUpperCase()])]
    .filter((each) => [...each].length === 1)
    .sort((a, b) => codeOf(a) - codeOf(b))

/** UTF-8 sorts by code points. */
const codeOf = (letter: string): number => letter.codePointAt(0) ?? 0

type Letters = readonly (readonly string[])[]

/** How many letters at the beginning of a name are those of the prefix. */
function agreeing(name: readonly string[], letters: Letters): number {
  const at = letters.findIndex((cases, i) => !cases.includes(name[i] ?? ''))
  return at === -1 ? letters.length : at
}

const begins = (name: string, letters: Letters): boolean => agreeing([...name], letters) === letters.length

/** The first spelling of the prefix (null: of all) behind a name that does not begin with one; null: there is none. */
function nextSpelling(letters: Letters, name: string | null): string | null {
  const least = letters.map(([first = '']) => first)
  if (name === null) return least.join('')
  const given = [...name]
  const same = agreeing(given, letters)
  // Longer than the name, so behind it.
  if (given.length === same) return [...given, ...least.slice(same)].join('')
  for (let at = same; at >= 0; at--) {
    const next = letters[at]?.find((letter) => codeOf(letter) > codeOf(given[at] ?? ''))
    if (next !== undefined) return [...given.slice(0, at), next, ...least.slice(at + 1)].join('')
  }
  return null
}
