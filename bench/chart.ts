import type { Answer } from './bench.ts'

const WIDTH = 900
const NAMES = 330
const NUMBERS = 70
const BAR = 18
const LINE = 26
const HEAD = 56

/** Draws the bars of the answers that have some, one panel each, as an SVG document. */
export function chartOf(answers: readonly Answer[]): string {
  const panels: string[] = []
  let y = 0
  for (const { title, bars } of answers) {
    if (bars === null) continue
    const most = Math.max(...bars.bars.map(({ value }) => value))
    panels.push(text({ x: 16, y: y + 26, weight: 'bold', size: 16 }, title))
    panels.push(text({ x: 16, y: y + 44, fill: '#666', size: 12 }, bars.title))
    for (const [i, { name, value }] of bars.bars.entries()) {
      const top = y + HEAD + i * LINE
      const width = Math.max(1, (value / most) * (WIDTH - NAMES - NUMBERS - 32))
      const fill = /cloakroom|(^| )sessions?( |$)/i.test(name) ? '#1d6f5f' : '#9aa5b1'
      panels.push(text({ x: NAMES + 8, y: top + 13, anchor: 'end' }, name))
      panels.push(
        `<rect x="${NAMES + 16}" y="${top}" width="${width.toFixed(1)}" height="${BAR}" fill="${fill}"/>`,
      )
      panels.push(text({ x: NAMES + 22 + width, y: top + 13 }, value.toFixed(value < 10 ? 1 : 0)))
    }
    y += HEAD + bars.bars.length * LINE + 12
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" font-family="sans-serif" role="img">`,
    '<title>What Cloakroom and what one would use instead take per request</title>',
    `<rect width="${WIDTH}" height="${y}" fill="#fff"/>`,
    ...panels,
    '</svg>\n',
  ].join('\n')
}

interface Place {
  readonly x: number
  readonly y: number
  readonly size?: number
  readonly weight?: string
  readonly anchor?: string
  readonly fill?: string
}

function text(place: Place, content: string): string {
  const { x, y, size = 13, weight = 'normal', anchor = 'start', fill = '#222' } = place
  const escaped = content.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)
  return `<text x="${x.toFixed(1)}" y="${y}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${fill}">${escaped}</text>`
}
