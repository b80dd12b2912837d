import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Answer, Bench } from './bench.ts'
import { type Cloakroom, startCloakroom } from './cloakroom.ts'
import { cpuOf } from './process.ts'
import { seed } from './seed.ts'
import { micros, times } from './words.ts'
import { bodies, heads, plain, requestOf, type Shape, senders } from './worst-requests.ts'

const MIB = 1_048_576
/** Bytes that are read for any client, in a body or in a head. */
const SMALL = 14_000
const CONNECTIONS = 4
/** The smallest CPU time that can be measured, in microseconds. */
const TICK_US = 10_000
/** The longest turn, in seconds: there are a thousand. */
const MAX_TURN_S = 0.2

/** The receiver and sender of a request, and its size. */
type Kind = readonly [name: string, line: string, sender: readonly string[], bytes: number]

const kinds: readonly Kind[] = [
  ['put, 1 MiB, no cookie', 'POST /session/put', senders.nobody, MIB],
  ['put, 1 MiB, unknown cookie', 'POST /session/put', senders.unknown, MIB],
  ['put, 1 MiB, a user', 'POST /session/put', senders.user, MIB],
  ['put, 14 KB, unknown cookie', 'POST /session/put', senders.unknown, SMALL],
  ['login, 14 KB', 'POST /z_security_check', senders.nobody, SMALL],
]

/** What does the worst request of each shape cost the server, from a stranger and from a user? */
export async function worstBodies(bench: Bench): Promise<Answer> {
  const folder = bench.folder()
  const data = join(folder, 'data')
  await seed(data, { count: 10, attributes: 2 })
  await using server = await startCloakroom({ folder, data, count: 10 })
  const seconds = Math.min(MAX_TURN_S, bench.size.seconds / 20)
  const rows: string[][] = []
  let worst = { ratio: 0, name: '' }
  const measure = async (name: string, cells: readonly (readonly [Kind, Shape] | null)[]) => {
    bench.say(`measures: ${name}`)
    const row = [name]
    for (const cell of cells) {
      if (cell === null) {
        row.push('')
        continue
      }
      const [[kind, line, sender, bytes], shape] = cell
      const base = line.replace('GET /session/get', 'POST /session/put')
      const costs = await compareCosts(
        server,
        requestOf(line, shape, sender),
        requestOf(base, plain(bytes), sender),
        { seconds, turns: bench.size.rounds },
      )
      const { cost, ratio } = costs
      row.push(`${micros(cost)}, ${times(ratio)}`)
      if (sender !== senders.user && ratio > worst.ratio) worst = { ratio, name: `${name}, ${kind}` }
    }
    rows.push(row)
  }
  await measure(
    plain(SMALL).name,
    kinds.map((kind) => [kind, plain(kind[3])] as const),
  )
  // One round only shows that it works.
  const most = bench.size.rounds === 1 ? 2 : bodies.length
  for (const shapeOf of bodies.slice(0, most)) {
    await measure(
      shapeOf(SMALL).name,
      kinds.map((kind) => [kind, shapeOf(kind[3])] as const),
    )
  }
  for (const shapeOf of heads.slice(0, most)) {
    const shape = shapeOf(SMALL)
    const get = (sender: readonly string[]): readonly [Kind, Shape] => [
      ['get', 'GET /session/get', sender, SMALL],
      shape,
    ]
    await measure(shape.name, [
      // A request that brings cookies of ours does not exist without them.
      shape.isOfCookies === true ? null : get(senders.nobody),
      get(senders.unknown),
      get(senders.user),
      null,
      [['login', 'POST /z_security_check', senders.nobody, SMALL], shape],
    ])
  }
  return {
    title: 'The worst requests',
    how:
      'CPU time of the server for a request, and how many times as much that is as for a JSON body of one long string of the same size from the same sender, taken right after it. Requests that are refused ' +
      'are meant: none of these changes anything. The shapes of heads have 14 KB in all, and go to session/get.',
    columns: ['', ...kinds.map(([name]) => name)],
    rows,
    goals: [
      {
        question: `the worst request without a login, against a JSON body of its size (${worst.name})`,
        goal: 'at most 2',
        measured: worst.ratio,
        limit: 2,
        shown: times(worst.ratio),
      },
    ],
    bars: null,
    started: server.started,
  }
}

/**
 * Returns what a request costs, and how many times as much as another one: medians, since the machine may be
 * busy.
 */
async function compareCosts(
  server: Cloakroom,
  request: Buffer,
  base: Buffer,
  { seconds, turns }: { readonly seconds: number; readonly turns: number },
) {
  const costs: number[] = []
  const ratios: number[] = []
  for (let turn = 0; turn < turns; turn++) {
    const cost = await costOf(server, request, seconds)
    costs.push(cost)
    ratios.push(cost / (await costOf(server, base, seconds)))
  }
  return { cost: medianOf(costs), ratio: medianOf(ratios) }
}

const medianOf = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0

/**
 * Returns the server's CPU time in microseconds per request, while a few connections repeat it for some
 * seconds.
 */
async function costOf(server: Cloakroom, request: Buffer, seconds: number): Promise<number> {
  await Promise.all(Array.from({ length: CONNECTIONS }, () => repeat(server.port, request, 0.02)))
  const before = cpuOf([server.pid])
  const counts = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => repeat(server.port, request, seconds)),
  )
  const answered = counts.reduce((sum, count) => sum + count, 0)
  return Math.max(TICK_US, cpuOf([server.pid]) - before) / answered
}

/**
 * Repeats a request on one connection, or on a new one when the server closes it. Returns how many were
 * answered.
 */
async function repeat(port: number, request: Buffer, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1_000
  let count = 0
  let socket: Socket | null = null
  try {
    while (performance.now() < until) {
      socket ??= connect(port, '127.0.0.1')
      const isOpen = await exchange(socket, request)
      count++
      if (isOpen) continue
      socket.destroy()
      socket = null
    }
  } finally {
    socket?.destroy()
  }
  return count
}

/**
 * Sends one request and reads the whole response. Returns false if the server has closed the connection, or
 * will.
 */
function exchange(socket: Socket, request: Buffer): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let received = ''
    const finish = (isOpen: boolean) => {
      socket.removeAllListeners()
      socket.on('error', () => {})
      resolve(isOpen)
    }
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
      const end = received.indexOf('\r\n\r\n')
      if (end === -1) return
      const head = received.slice(0, end)
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (received.length >= end + 4 + length) finish(!/connection: close/i.test(head))
    })
    const end = () =>
      received === '' ? reject(new Error('The server closed a connection without an answer.')) : finish(false)
    socket.on('close', end)
    socket.on('error', end)
    socket.write(request)
  })
}
