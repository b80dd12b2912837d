import type { Sample } from './soaking.ts'

const WIDTH = 900
const LEFT = 16
const RIGHT = 90
const PANEL = 132
/** Top of the line's area within a panel. */
const TOP = 34
const BOTTOM = 112

const MIB = 1_048_576

interface Curve {
  readonly title: string
  of(sample: Sample): number
}

const curves: readonly Curve[] = [
  { title: 'Resident memory, MiB', of: ({ rss }) => rss / MIB },
  { title: 'Descriptors', of: ({ descriptors }) => descriptors },
  { title: 'Database file, MiB', of: ({ file }) => file / MIB },
  { title: 'Its log, MiB', of: ({ wal }) => wal / MIB },
]

/**
 * Draws what the server used during a soak, one panel per value from zero up, as an SVG for light and dark
 * pages.
 */
export function chartOf(samples: readonly Sample[]): string {
  const seconds = samples.at(-1)?.seconds ?? 0
  const height = curves.length * PANEL + 24
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="13" role="img">`,
    `<title>What a server takes during ${seconds} seconds of mixed load</title>`,
    '<style>',
    '  .page { fill: #fff } text { fill: #222 } .axis { stroke: #9aa5b1 } .line { fill: none; stroke: #1d6f5f; stroke-width: 2 }',
    '  @media (prefers-color-scheme: dark) { .page { fill: #0d1117 } text { fill: #e6edf3 } .line { stroke: #4fd1b5 } }',
    '</style>',
    `<rect class="page" width="${WIDTH}" height="${height}"/>`,
    ...curves.flatMap((curve, i) => panelOf(curve, samples, i * PANEL)),
    `<text x="${LEFT}" y="${height - 10}">0</text>`,
    `<text x="${WIDTH - RIGHT}" y="${height - 10}" text-anchor="end">${seconds} seconds</text>`,
    '</svg>\n',
  ].join('\n')
}

function panelOf({ title, of }: Curve, samples: readonly Sample[], y: number): string[] {
  const values = samples.map(of)
  // Leaves room above the line, and avoids a division by zero.
  const most = Math.max(...values, 1) * 1.1
  const end = Math.max(samples.at(-1)?.seconds ?? 0, 1)
  const place = (seconds: number, value: number) => {
    const x = LEFT + (seconds / end) * (WIDTH - LEFT - RIGHT)
    return [x, y + BOTTOM - (value / most) * (BOTTOM - TOP)].map((each) => each.toFixed(1)).join(',')
  }
  const points = samples.map(({ seconds }, i) => place(seconds, values[i] ?? 0))
  const last = values.at(-1) ?? 0
  const [x = '0', top = '0'] = (points.at(-1) ?? place(0, 0)).split(',')
  return [
    `<text x="${LEFT}" y="${y + 22}" font-weight="bold">${title}</text>`,
    `<line class="axis" x1="${LEFT}" y1="${y + BOTTOM}" x2="${WIDTH - RIGHT}" y2="${y + BOTTOM}"/>`,
    `<polyline class="line" points="${points.join(' ')}"/>`,
    `<text x="${Number(x) + 8}" y="${Number(top) + 4}">${last.toFixed(last < 10 ? 1 : 0)}</text>`,
  ]
}
