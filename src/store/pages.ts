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
