/** @jsxImportSource preact */
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'

export interface Line {
  readonly label: string
  readonly values: readonly (number | null)[]
}

interface CurveProps {
  /** When the first of the values was, in seconds since the epoch, and how many lie between two. */
  readonly from: number
  readonly step: number
  readonly lines: readonly Line[]
  shown(value: number): string
}

const HEIGHT = 96

/** Custom properties of the style that lines are drawn in. */
const COLORS = ['--accent', '--second']

/** What was during the last hour, drawn. Nobody has to see it: the number beside it says what is now. */
export function Curve({ from, step, lines, shown }: CurveProps) {
  const ref = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  // From the first that is known on: what a young server does not know yet is no empty space.
  const known = Math.min(
    ...lines.map(({ values }) => values.findIndex((value) => value !== null)).filter((at) => at >= 0),
  )
  const first = Number.isFinite(known) ? known : 0
  const times = lines[0]?.values.slice(first).map((_, i) => from + (first + i) * step) ?? []
  const data = [times, ...lines.map(({ values }) => values.slice(first))] as uPlot.AlignedData
  useEffect(() => {
    const element = ref.current
    if (element === null) return
    const draw = () => {
      plot.current?.destroy()
      plot.current = new uPlot(optionsOf(element, lines, shown), data, element)
    }
    draw()
    const sizes = new ResizeObserver(() =>
      plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }),
    )
    sizes.observe(element)
    // The lines are drawn in colours of the style, which are others when it is dark.
    const dark = matchMedia('(prefers-color-scheme: dark)')
    dark.addEventListener('change', draw)
    return () => {
      sizes.disconnect()
      dark.removeEventListener('change', draw)
      plot.current?.destroy()
    }
  }, [])
  useEffect(() => plot.current?.setData(data), [data])
  return <div ref={ref} class={lines.length === 1 ? 'curve one' : 'curve'} aria-hidden="true" />
}

/** An instant as the axis of time tells it: hours and minutes, in the reader's zone. */
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const shownTime = (seconds: number) => clock.format(seconds * 1_000)

/** Seconds that may lie between two times that are told. */
const MINUTES = [60, 120, 300, 600, 900, 1_800]

const FONT = '11px system-ui, sans-serif'

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
    axes: [
      { ...axis, size: 22, space: 60, incrs: MINUTES, values: labelled(shownTime) },
      // The least and the most say enough of a curve this small.
      { ...axis, size: 60, splits: (_u, _i, min, max) => [min, max], values: labelled(shown) },
    ],
    scales: { y: { range: (_u, _min, max) => [0, max > 0 ? max : 1] } },
    series: [
      { label: 'at', value: (_u, at) => (at === null ? '' : shownTime(at)) },
      ...lines.map(({ label }, i) => ({
        label,
        stroke: style.getPropertyValue(COLORS[i] ?? '--accent'),
        width: 1.5,
        points: { show: false },
        value: (_u: uPlot, value: number | null) => (value === null ? '' : shown(value)),
      })),
    ],
  }
}
