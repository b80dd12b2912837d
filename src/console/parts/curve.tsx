/** @jsxImportSource preact */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import { shownClock } from '../words.ts'

export interface Line {
  readonly label: string
  readonly values: readonly (number | null)[]
}

interface CurveProps {
  readonly from: number
  readonly step: number
  readonly lines: readonly Line[]
  shown(value: number): string
  /** Called with the index of the value at the pointer; null: the pointer is elsewhere. */
  onPoint(at: number | null): void
}

const HEIGHT = 96

/** CSS custom properties with the colours of the lines. */
const COLORS = ['--accent', '--second']

/** Draws the last hour. The numbers beside it say the same to readers who cannot see the picture. */
export function Curve({ from, step, lines, shown, onPoint }: CurveProps) {
  const ref = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  // Starts at the first known value: a node that has just started knows nothing earlier.
  const known = Math.min(
    ...lines.map(({ values }) => values.findIndex((value) => value !== null)).filter((at) => at >= 0),
  )
  const first = Number.isFinite(known) ? known : 0
  const times = lines[0]?.values.slice(first).map((_, i) => from + (first + i) * step) ?? []
  const data = [times, ...lines.map(({ values }) => values.slice(first))] as uPlot.AlignedData
  /** The pointer's index refers to the data drawn last. */
  const shift = useRef(first)
  shift.current = first
  useEffect(() => {
    const element = ref.current
    if (element === null) return
    const point = ({ cursor }: uPlot) => {
      const i = cursor.idx
      onPoint(typeof i === 'number' && (cursor.left ?? -1) >= 0 ? i + shift.current : null)
    }
    const draw = () => {
      plot.current?.destroy()
      plot.current = new uPlot(
        { ...optionsOf(element, lines, shown), hooks: { setCursor: [point] } },
        data,
        element,
      )
    }
    draw()
    const sizes = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    )
    sizes.observe(element)
    // The lines use the style's colours, which differ in dark mode.
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', draw)
    return () => {
      sizes.disconnect()
      dark.removeEventListener('change', draw)
      plot.current?.destroy()
    }
  }, [])
  useEffect(() => plot.current?.setData(data), [data])
  return <div ref={ref} class="curve" aria-hidden="true" />
}

/** Allowed distances between two labels of the time axis, in seconds. */
const MINUTES = [60, 120, 300, 600, 900, 1_800]

const FONT = '11px system-ui, sans-serif'

/** Returns values without a neighbour, which no line would show. */
function lonelyIn(values: readonly unknown[]): number[] {
  const isKnown = (i: number) => typeof values[i] === 'number'
  return values.flatMap((_, i) => (isKnown(i) && !isKnown(i - 1) && !isKnown(i + 1) ? [i] : []))
}

function optionsOf(
  element: HTMLElement,
  lines: readonly Line[],
  shown: (value: number) => string,
): uPlot.Options {
  const style = getComputedStyle(element)
  const axis = {
    stroke: style.getPropertyValue('--faint'),
    grid: { stroke: style.getPropertyValue('--line'), width: 1 },
    ticks: { show: false },
    font: FONT,
  }
  const labelled = (label: (value: number) => string) => (_: uPlot, values: number[]) => values.map(label)
  return {
    width: element.clientWidth,
    height: HEIGHT,
    cursor: { y: false, drag: { x: false } },
    legend: { show: false },
    axes: [
      { ...axis, size: 22, space: 60, incrs: MINUTES, values: labelled((at) => shownClock(at * 1_000)) },
      // The minimum and maximum are enough for such a small curve.
      { ...axis, size: 60, splits: (_u, _i, min, max) => [min, max], values: labelled(shown) },
    ],
    scales: { y: { range: (_u, _min, max) => [0, max > 0 ? max : 1] } },
    series: [
      {},
      ...lines.map(({ label }, i) => {
        const stroke = style.getPropertyValue(COLORS[i] ?? '--accent')
        return {
          label,
          stroke,
          width: 1.5,
          points: {
            show: true,
            size: 5,
            fill: stroke,
            filter: (u: uPlot, series: number) => lonelyIn(Array.from<unknown>(u.data[series] ?? [])),
          },
        }
      }),
    ],
  }
}
