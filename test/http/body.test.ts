import { expect, test } from 'bun:test'
import { readBody } from '../../src/http/body.ts'

test('a body in very many pieces leaves others their turns while it is read', async () => {
  const pieces = ['a', '=', ...Array.from({ length: 9_998 }, () => 'x')]
  const body = new ReadableStream({
    pull(controller) {
      const piece = pieces.shift()
      if (piece === undefined) controller.close()
      else controller.enqueue(Buffer.from(piece))
    },
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const request = new Request('http://localhost/', { method: 'POST', body, headers })
  let turns = 0
  let isRead = false
  const others = () => {
    turns++
    if (!isRead) setImmediate(others)
  }
  setImmediate(others)
  const pairs = await readBody(request, { bytes: 1_000_000, parameters: 10 }, 'strings')
  isRead = true
  expect(pairs).toEqual([['a', 'x'.repeat(9_998)]])
  expect(turns).toBeGreaterThan(50)
})
