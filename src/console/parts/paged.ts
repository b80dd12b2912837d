import { useState } from 'preact/hooks'
import { type Attempt, useAttempt } from './attempt.ts'

interface PageOf<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/** After this many empty pages that were not the last, the user is asked whether to continue. */
const EMPTY_PAGES = 200

export interface Paged<T> {
  readonly items: readonly T[]
  readonly hasMore: boolean
  readonly attempt: Attempt
  more(): Promise<unknown>
  /** Removes the items that no longer exist. */
  drop(isGone: (item: T) => boolean): void
}

/**
 * A paged list, starting from the first page, which came with the console page. A search may skip many items
 * before it finds one.
 */
export function usePaged<T>(first: PageOf<T>, ask: (after: string) => Promise<PageOf<T>>): Paged<T> {
  const [items, setItems] = useState(first.items)
  const [next, setNext] = useState(first.next)
  const attempt = useAttempt()
  const load = async () => {
    let after = next
    for (let empty = 0; after !== null && empty < EMPTY_PAGES; empty++) {
      const page: PageOf<T> = await ask(after)
      after = page.next
      setNext(after)
      if (page.items.length === 0) continue
      setItems((before) => [...before, ...page.items])
      return
    }
  }
  return {
    items,
    hasMore: next !== null,
    attempt,
    more: () => attempt.run(load),
    drop: (isGone) => setItems((before) => before.filter((item) => !isGone(item))),
  }
}
