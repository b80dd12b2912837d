import type { Answer, Bench } from './bench.ts'
import { USER_AGENT } from './seed.ts'
import { count, megabytes } from './words.ts'

/** How much disk space does a session with two small attributes take? */
export async function disk(bench: Bench): Promise<Answer> {
  const size = bench.size.scales.at(-1) ?? 0
  const empty = await bench.seeded({ count: 0, attributes: 0 })
  const { bytes } = await bench.seeded({ count: size, attributes: 2 })
  const each = (bytes - empty.bytes) / size
  return {
    title: 'Disk',
    how:
      `Two attributes with keys of 2 and values of 20 bytes, an IPv4 address, and the user agent of the commonest browser, ${USER_AGENT.length} bytes. ` +
      'Written in the order of logins, which come in no order of their ids; the log folded into the file.',
    columns: ['sessions', 'database', 'bytes per session'],
    rows: [[count(size), megabytes(bytes), each.toFixed(0)]],
    goals: [
      {
        question: 'disk per session with two small attributes',
        goal: 'at most 400 bytes',
        measured: each,
        limit: 400,
        shown: `${each.toFixed(0)} bytes`,
      },
    ],
    bars: null,
    started: [],
  }
}
