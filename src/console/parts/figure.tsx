/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import { shownClock } from '../words.ts'
import { Curve, type Line } from './curve.tsx'

interface FigureProps {
  readonly title: string
  /** How it is now. */
  readonly value: string
  /** When the first of the values was, in seconds since the epoch, and how many lie between two. */
  readonly from: number
  readonly step: number
  readonly lines: readonly Line[]
  shown(value: number): string
}

/**
 * A number, and how it was during the last hour. While somebody points at a place of the curve, the number is that
 * of this time.
 */
export function Figure({ title, value, from, step, lines, shown }: FigureProps) {
  const [at, setAt] = useState<number | null>(null)
  const textAt = ({ values }: Line) => {
    const found = at === null ? values.findLast((each) => each !== null) : values[at]
    return found === null || found === undefined ? '–' : shown(found)
  }
  const [line] = lines
  return (
    <section class="figure">
      <h2>
        {title}
        {at !== null && <span>{shownClock((from + at * step) * 1_000)}</span>}
      </h2>
      <div class="now">
        <span class="number">{at === null || line === undefined ? value : textAt(line)}</span>
        {lines.length > 1 && (
          <span class="legend">
            {lines.map((each, i) => (
              <span key={each.label} class={`line line-${i}`}>
                {each.label} {textAt(each)}
              </span>
            ))}
          </span>
        )}
      </div>
      {lines.some(({ values }) => values.some((each) => each !== null)) ? (
        <Curve from={from} step={step} lines={lines} shown={shown} onPoint={setAt} />
      ) : (
        <p class="curve empty">Nothing measured yet.</p>
      )}
    </section>
  )
}
