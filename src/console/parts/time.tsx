/** @jsxImportSource preact */
import { useSurroundings } from '../context.ts'
import { exactly, inUtc, inWords } from '../words.ts'

interface TimeProps {
  /** In RFC 3339. */
  readonly at: string
  /** Whether the exact time comes first. */
  readonly isExact?: boolean
}

/** An instant: how long ago, and exactly. Without scripts, in UTC. */
export function Time({ at, isExact = false }: TimeProps) {
  const { now } = useSurroundings()
  const instant = Date.parse(at)
  if (now === null) return <time dateTime={at}>{inUtc(instant)}</time>
  const both = [inWords(instant, now), exactly(instant)]
  const [first, second] = isExact ? both.toReversed() : both
  return (
    <time dateTime={at}>
      {first} <small>{second}</small>
    </time>
  )
}
