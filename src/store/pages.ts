import type { Page } from './store.ts'

/** Items that are read at once. */
const PAGE = 500

/** Everything in a list that comes in pages, a page at a time as it is asked for. */
export async function* allOf<T>(
  readPage: (after: string | null, limit: number) => Promise<Page<T>>,
): AsyncGenerator<T> {
  let after: string | null = null
  do {
    const page: Page<T> = await readPage(after, PAGE)
    yield* page.items
    after = page.next
  } while (after !== null)
}
