import type { Page, Store, StoredUser } from '../store/store.ts'
import { toName } from './names.ts'

/**
 * Returns users whose names begin with `prefix`, ignoring case, ordered by the bytes of their names. Names
 * with the same spelling of the prefix are neighbours in that order, so the search looks behind each spelling
 * and skips the spellings before the next existing name.
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
    // A list begins after a name, and the spelling itself may be a name.
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

/** Returns the cases of a letter that are a single letter too, ordered by their bytes. */
const casesOf = (letter: string): readonly string[] =>
  [...new Set([letter, letter.toLowerCase(), letter.toUpperCase()])]
    .filter((each) => [...each].length === 1)
    .sort((a, b) => codeOf(a) - codeOf(b))

/** UTF-8 sorts by code point. */
const codeOf = (letter: string): number => letter.codePointAt(0) ?? 0

type Letters = readonly (readonly string[])[]

/** Returns how many letters at the beginning of a name match the prefix. */
function agreeing(name: readonly string[], letters: Letters): number {
  const at = letters.findIndex((cases, i) => !cases.includes(name[i] ?? ''))
  return at === -1 ? letters.length : at
}

const begins = (name: string, letters: Letters): boolean => agreeing([...name], letters) === letters.length

/**
 * Returns the first spelling of the prefix (null: of all) after a name that does not begin with one, or null.
 */
function nextSpelling(letters: Letters, name: string | null): string | null {
  const least = letters.map(([first = '']) => first)
  if (name === null) return least.join('')
  const given = [...name]
  const same = agreeing(given, letters)
  // Longer than the name, so it sorts after it.
  if (given.length === same) return [...given, ...least.slice(same)].join('')
  for (let at = same; at >= 0; at--) {
    const next = letters[at]?.find((letter) => codeOf(letter) > codeOf(given[at] ?? ''))
    if (next !== undefined) return [...given.slice(0, at), next, ...least.slice(at + 1)].join('')
  }
  return null
}
