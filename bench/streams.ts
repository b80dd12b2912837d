import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Answer, Bench } from './bench.ts'
import { type Cloakroom, startCloakroom } from './cloakroom.ts'
import { compare, measured, ratios } from './compare.ts'
import { rawRequest } from './load.ts'
import { cpuOf, memoryOf } from './process.ts'
import { seed } from './seed.ts'
import { tokenOf } from './sessions.ts'
import { count, micros, times } from './words.ts'

/** Streams of one session each. */
const STREAMS = 1_000

/** Milliseconds until opening or closing streams causes no more work. */
const SETTLE_MS = 3_000

/** Streams that are opened at once: fewer than the kernel's queue of connections. */
const AT_ONCE = 50

/** What do open event streams cost: in memory, while idle, and for a read? */
export async function streams(bench: Bench): Promise<Answer> {
  const start = async () => {
    const folder = bench.folder()
    const data = join(folder, 'data')
    await seed(data, { count: bench.size.sessions, attributes: 2 })
    return startCloakroom({ folder, data, count: bench.size.sessions })
  }
  await using without = await start()
  await using streaming = await start()
  bench.say(`measures: a read with ${count(STREAMS)} streams and without`)
  // The runtime's start-up cost does not belong to any stream.
  using warm = await openStreams(streaming)
  warm[Symbol.dispose]()
  await Bun.sleep(SETTLE_MS)
  const before = memoryOf(streaming.pid).all
  using open = await openStreams(streaming)
  const each = (memoryOf(streaming.pid).all - before) / open.count
  await Bun.sleep(SETTLE_MS)
  const idle = await idleOf([without.pid, streaming.pid], bench.size.loaded)
  const found = await compare(
    [
      { ...measured(without, 'one'), name: 'without streams' },
      { ...measured(streaming, 'one'), name: 'with streams' },
    ],
    bench.size,
  )
  const [base, busy] = found
  if (base === undefined || busy === undefined) throw new Error('Nothing was measured.')
  const ratio = ratios(busy, base)
  return {
    title: 'Streams of events',
    how: `${count(open.count)} streams are open, each of another session, none of which changes.`,
    columns: ['', ''],
    rows: [
      ['memory of a stream', `${Math.round(each / 1_000)} KB`],
      ['CPU time of a second in which nothing is asked, without streams', micros(idle[0] ?? 0)],
      ['and with them', micros(idle[1] ?? 0)],
      [
        'a read with them, against one without',
        `${times(ratio.median)} (${times(ratio.least)} to ${times(ratio.most)})`,
      ],
    ],
    goals: [
      {
        question: `memory of a stream, with ${count(open.count)} of them`,
        goal: 'at most 20 KB',
        measured: each,
        limit: 20_000,
        shown: `${Math.round(each / 1_000)} KB`,
      },
    ],
    bars: null,
    started: [],
  }
}

/** Returns the CPU time in microseconds that each process takes per second without requests. */
async function idleOf(pids: readonly number[], seconds: number): Promise<readonly number[]> {
  const before = pids.map((pid) => cpuOf([pid]))
  await Bun.sleep(seconds * 1_000)
  return pids.map((pid, i) => (cpuOf([pid]) - (before[i] ?? 0)) / seconds)
}

/** Opens streams and reads them until the end of the block. */
async function openStreams({ port }: Cloakroom) {
  const sockets: Socket[] = []
  for (let i = 0; i < STREAMS; i += AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, k) => i + k)
    sockets.push(...(await Promise.all(numbers.map((number) => openStream(port, number)))))
  }
  return {
    count: sockets.length,
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function openStream(port: number, number: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(rawRequest('GET /session/events', { Cookie: `zsessionid=${tokenOf(number)}` }))
    socket.once('data', (bytes) => {
      if (bytes.toString('latin1').startsWith('HTTP/1.1 200 ')) resolve(socket.resume())
      else reject(new Error(`There is no stream: ${bytes}`))
    })
    socket.on('error', reject)
  })
}
