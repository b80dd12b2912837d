/** @jsxImportSource preact */
import { useSurroundings } from '../context.ts'
import { exactly, inUtc, inWords } from '../words.ts'

/** An instant, given in RFC 3339: in words, and exactly for whoever points at it. Without scripts, in UTC. */
export function Time({ at }: { readonly at: string }) {
  const { now } = useSurroundings()
  const instant = Date.parse(at)
  return (
    <time dateTime={at} title={now === null ? undefined : exactly(instant)}>
      {now === null ? inUtc(instant) : inWords(instant, now)}
    </time>
  )
}
