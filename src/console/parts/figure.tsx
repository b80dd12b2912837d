/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import { shownClock } from '../words.ts'
import { Curve, type Line } from './curve.tsx'

interface FigureProps {
  readonly title: string
  /** The current value. */
  readonly value: string
  /** When the first value was measured, in seconds since the epoch, and the seconds between two values. */
  readonly from: number
  readonly step: number
  readonly lines: readonly Line[]
  shown(value: number): string
}

/**
 * A number with its curve of the last hour. While the user points at the curve, shows the number at that
 * time.
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
