/** @jsxImportSource preact */
import type { Paged } from './paged.ts'
import { Trouble } from './trouble.tsx'

/** A button that loads the next page of a list, if there is one. */
export function More<T>({ paged, what }: { readonly paged: Paged<T>; readonly what: string }) {
  const { hasMore, attempt, more } = paged
  return (
    <>
      <Trouble problem={attempt.problem} />
      {hasMore && (
        <button class="plain" disabled={attempt.busy} onClick={more}>
          {attempt.busy ? 'Searching…' : `More ${what}`}
        </button>
      )}
    </>
  )
}
