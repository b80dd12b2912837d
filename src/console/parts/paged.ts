import { useState } from 'preact/hooks'
import { type Attempt, useAttempt } from './attempt.ts'

interface PageOf<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

/** Pages that came empty, and were not the last, after which whoever looks is asked whether to go on. */
const EMPTY_PAGES = 200

export interface Paged<T> {
  readonly items: readonly T[]
  readonly hasMore: boolean
  readonly attempt: Attempt
  more(): Promise<unknown>
  /** Leaves out those that are no more. */
  drop(isGone: (item: T) => boolean): void
}

/**
 * A list that comes in pages, from the first, which came with this page of the console. A search may pass over many
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
