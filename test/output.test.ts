import { expect, jest, test } from 'bun:test'
import { mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newThreadWriter, Output, type Written } from '../src/output.ts'
import { openFifo } from './support/fifo.ts'

/** An output of little room, whose writes end when the test says so. */
function newStill(maxWaiting: number) {
  const taken: string[] = []
  const said: (string | number | null)[] = []
  let finish: ((written: Written) => void) | null = null
  const output = new Output(
    (bytes) =>
      new Promise((resolve) => {
        finish = (written) => {
          taken.push(Buffer.from(bytes.subarray(0, written.bytes)).toString())
          resolve(written)
        }
      }),
    { onStalled: (code) => void said.push(code), onResumed: (lines) => void said.push(lines) },
    maxWaiting,
  )
  /** Ends the write under way: so many bytes, or an error. */
  const end = async (bytes: number, code: string | null = null) => {
    finish?.({ bytes, code })
    await Promise.resolve()
    await Promise.resolve()
    await Promise.resolve()
  }
  return { output, taken, said, end }
}

test('lines that come together are written together, in order, and one write is under way at a time', async () => {
  const { output, taken, end } = newStill(100)
  for (const line of ['one\n', 'two\n', 'three\n']) output.write(line)
  await end(4)
  await end(3)
  output.write('four\n')
  await end(7)
  await end(5)
  expect(taken).toEqual(['one\n', 'two', '\nthree\n', 'four\n'])
  expect(await output.drained(0)).toBe(true)
})

test('what has no room is dropped and counted, and half of the room has to be free before lines are taken again', async () => {
  const { output, taken, said, end } = newStill(20)
  const line = (i: number) => `line ${i}..\n`.slice(0, 10).padEnd(9, '.').slice(0, 9).concat('\n')
  for (let i = 0; i < 7; i++) output.write(line(i))
  expect([output.linesDropped, said]).toEqual([5, [null]])
  await end(9)
  output.write('short\n')
  expect(output.linesDropped).toBe(6)
  await end(1)
  await end(10)
  expect(said).toEqual([null, 6])
  output.write('last\n')
  expect(await output.drained(0)).toBe(false)
  await end(5)
  expect(taken.join('')).toBe(`${line(0)}${line(1)}last\n`)
  expect(await output.drained(0)).toBe(true)
})

test('an error keeps what waits, and it is tried again until it is taken', async () => {
  jest.useFakeTimers()
  try {
    const { output, taken, said, end } = newStill(100)
    output.write('first\n')
    await end(2, null)
    await end(0, 'ENOSPC')
    output.write('second\n')
    jest.advanceTimersByTime(999)
    expect(taken).toEqual(['fi', ''])
    jest.advanceTimersByTime(1)
    await end(0)
    await end(4)
    await end(7)
    expect(taken.join('')).toBe('first\nsecond\n')
    expect([said, output.linesDropped]).toEqual([['ENOSPC'], 0])
  } finally {
    jest.useRealTimers()
  }
})

test('a pipe that nobody reads holds up nothing, and has every line that was not dropped when it is read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-output-'))
  try {
    using fifo = openFifo(folder)
    let dropped = 0
    const output = new Output(newThreadWriter(fifo.descriptor), {
      onResumed(lines) {
        dropped = lines
        output.write(`${lines} were dropped\n`)
      },
    })
    const lines = Array.from({ length: 30_000 }, (_, i) => `${i} ${'x'.repeat(90)}`)
    for (const line of lines) output.write(`${line}\n`)
    expect(output.linesDropped).toBeGreaterThan(10_000)
    expect(await output.drained(1)).toBe(false)
    let read = ''
    while (!(await output.drained(1))) read += fifo.read()
    const got = (read + fifo.read()).trimEnd().split('\n')
    expect(dropped).toBe(output.linesDropped)
    expect(got).toEqual([...lines.slice(0, lines.length - dropped), `${dropped} were dropped`])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a full disk, a reader that has left and a descriptor that is closed are said by their codes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-output-'))
  try {
    using fifo = openFifo(folder)
    fifo.leave()
    const places = { ENOSPC: openSync('/dev/full', 'w'), EPIPE: fifo.descriptor, EBADF: 1_000_000 }
    for (const [code, descriptor] of Object.entries(places)) {
      const said = Promise.withResolvers<string | null>()
      new Output(newThreadWriter(descriptor), { onStalled: said.resolve }).write('a line\n')
      expect(await said.promise).toBe(code)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
