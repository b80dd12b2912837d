import { join } from 'node:path'
import { recordOf, requests } from './cloakroom.ts'
import type { Contender } from './contender.ts'
import { startChild } from './process.ts'
import { writeRecords } from './sessions.ts'

/**
 * Not meant for use: it shows the minimum. What Cloakroom takes beyond it is the price of its promises, or
 * could still be saved.
 */
export const least: Contender = {
  name: 'the least: a map in memory, a log that nobody reads',
  missing: () => null,
  async start({ folder, count, isDurable }) {
    const records = await writeRecords(folder, count, recordOf)
    const log = isDurable ? { LOG: join(folder, 'log') } : {}
    const child = startChild([process.execPath, join(import.meta.dir, 'least-server.ts')], {
      env: { COUNT: String(count), ...log },
    })
    const [, port] = await child.said(/port (\d+)/)
    return {
      name: least.name,
      port: Number(port),
      pids: [child.pid],
      records,
      recordOf,
      requests,
      started: [`bun bench/least-server.ts${isDurable ? ' (with LOG)' : ''}`],
      worksLater: false,
      attributesIn: (answer) => JSON.parse(answer),
      [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
    }
  },
}
