import { expect, test } from 'bun:test'
import { receiveBody } from '../../src/http/body.ts'

test('a body in very many pieces leaves others their turns while it is read', async () => {
  const pieces = ['a', '=', ...Array.from({ length: 9_998 }, () => 'x')]
  const body = new ReadableStream({
    pull(controller) {
      const piece = pieces.shift()
      if (piece === undefined) controller.close()
      else controller.enqueue(Buffer.from(piece))
    },
  })
  const request = new Request('http://localhost/', { method: 'POST', body })
  let turns = 0
  let isRead = false
  const others = () => {
    turns++
    if (!isRead) setImmediate(others)
  }
  setImmediate(others)
  const limits = { bytes: 1_000_000, parameters: 10 }
  const bytes = await receiveBody(request, null, { limits, admit: async () => {} })
  isRead = true
  expect(Buffer.from(bytes).toString()).toBe(`a=${'x'.repeat(9_998)}`)
  expect(turns).toBeGreaterThan(50)
})
