import { expect, test } from 'bun:test'
import { newProgress } from '../../src/cli/progress.ts'

/** What is shown of 2,000 things that take 10 milliseconds each. */
function shown(isTTY: boolean): string {
  let [now, text] = [0, '']
  const progress = newProgress({ isTTY, write: (more) => (text += more) }, () => now)
  progress.begin('Copying', 2_000)
  for (let i = 0; i < 2_000; i++) {
    now += 10
    progress.advance()
  }
  progress.end()
  return text
}

test('without a terminal there is a line every few seconds, and no escape code', () => {
  const counts = [300, 600, 900, '1,200', '1,500', '1,800']
  expect(shown(false)).toBe(counts.map((count) => `Copying: ${count} of 2,000\n`).join(''))
})

test('on a terminal there is a bar from the beginning on, which is taken away', () => {
  const looks = shown(true).split('\r\u001b[K')
  expect(looks[1]).toBe(`Copying ${'░'.repeat(30)} 0% (0 of 2,000)`)
  expect(looks[101]).toBe(`Copying ${'█'.repeat(15)}${'░'.repeat(15)} 50% (1,000 of 2,000)`)
  expect(looks[201]).toBe(`Copying ${'█'.repeat(30)} 100% (2,000 of 2,000)`)
  expect(looks.slice(202)).toEqual([''])
})
