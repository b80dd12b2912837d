import { join } from 'node:path'
import type { Target, Work } from './contender.ts'
import { sendOnce } from './load.ts'
import { startChild } from './process.ts'

/** Headers that the runtime adds itself. */
const OF_RUNTIME = ['date', 'content-length', 'connection']

/**
 * Starts a server that answers every request with the target's response to this one, without doing anything
 * for it.
 */
export async function startFloor(target: Target, work: Work): Promise<Target> {
  const response = await sendOnce(
    { ...target, request: target.requests[work] },
    target.recordOf(0),
    '0'.repeat(12),
  )
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !OF_RUNTIME.includes(name)))
  const body = await response.text()
  const child = startChild([process.execPath, join(import.meta.dir, 'floor-server.ts')], {
    env: { ANSWER: JSON.stringify({ headers, body }) },
  })
  const [, port] = await child.said(/port (\d+)/)
  const floor: Target = {
    ...target,
    name: 'the floor',
    port: Number(port),
    pids: [child.pid],
    started: [
      'bun bench/floor-server.ts (Bun.serve, one constant answer with the headers and the length of Cloakroom’s)',
    ],
    worksLater: false,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
  const same = await sendOnce({ ...floor, request: floor.requests[work] }, floor.recordOf(0), '0'.repeat(12))
  if ((await same.text()) !== body) throw new Error('The floor does not answer as it was told to.')
  return floor
}
