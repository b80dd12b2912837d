import type { Page } from './store.ts'

/** Items that are read at once. */
const PAGE = 500

/** The same for somebody who reads all there is at once. */
export const LARGE_PAGE = 4_000

/** Everything in a list that comes in pages, a page at a time as it is asked for. */
export async function* allOf<T>(
  readPage: (after: string | null, limit: number) => Promise<Page<T>>,
  size = PAGE,
): AsyncGenerator<T> {
  let after: string | null = null
  do {
    const page: Page<T> = await readPage(after, size)
    yield* page.items
    after = page.next
  } while (after !== null)
}

/** The first page of a list, of which one more was read than a page holds, if there is one. */
export function pageOf<T>(found: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  const items = found.slice(0, limit)
  const last = items.at(-1)
  return { items, next: last !== undefined && found.length > limit ? cursorOf(last) : null }
}

/** What may be on a page: an item, or null, which is passed over. */
export interface Looked<T> {
  readonly item: T | null
  /** By which the list can be gone on with behind it. */
  readonly cursor: string
}

/** The first page of a list, as far as it can be had by looking at no more than `most` places of it besides those of the page. */
export async function pageIn<T>(
  list: Iterable<Looked<T>> | AsyncIterable<Looked<T>>,
  limit: number,
  most: number,
): Promise<Page<T>> {
  const items: T[] = []
  let looked = 0
  let next: string | null = null
  for await (const { item, cursor } of list) {
    if (looked === limit + most || (item !== null && items.length === limit)) return { items, next }
    if (item !== null) items.push(item)
    looked++
    next = cursor
  }
  return { items, next: null }
}
