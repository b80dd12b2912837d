import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startObserved } from '../../reliability/server.ts'
import { logIn } from '../../reliability/wire.ts'
import { type Call, callsIn } from './trace.ts'

const strace = Bun.which('strace')
const isComplete = process.env['CI'] === 'true'
const why = strace === null ? ' (skipped: there is no strace on the path)' : ''

const CLIENTS = 6
const PUTS = 12

const CALLS = 'fdatasync,fsync,sendto,sendmsg,write,writev,pwrite64,pwritev'

/** Where strace writes, and the command that runs another under it. The strings are as long as a page of the database. */
const under = (file: string) => [
  strace ?? 'strace',
  ...['-f', '-yy', '-s', '4200', '-e', `trace=${CALLS}`, '-e', 'signal=none', '-o', file],
]

interface Connection {
  readonly port: number
  /** Puts, and resolves when the answer has come. */
  put(mark: string): Promise<void>
  close(): void
}

/** A connection of its own, so that what the server sends on it is the answer to what was asked on it. */
async function open(server: { readonly port: number }, cookie: string): Promise<Connection> {
  const socket: Socket = connect(server.port, '127.0.0.1')
  await new Promise<void>((done) => socket.on('connect', done))
  let waiting = Promise.withResolvers<void>()
  socket.on('data', (bytes) => {
    if (bytes.toString().startsWith('HTTP/1.1 200')) waiting.resolve()
    else waiting.reject(new Error(bytes.toString()))
  })
  socket.on('close', () => waiting.reject(new Error('The server hung up.')))
  return {
    port: socket.localPort ?? 0,
    put(mark) {
      waiting = Promise.withResolvers()
      socket.write(`GET /session/put?mark=${mark} HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n\r\n`)
      return waiting.promise
    },
    close: () => socket.destroy(),
  }
}

const isWal = ({ of }: Call) => of.endsWith('.db-wal')

/** What is wrong with the order of one write: into the log, to the disk, and only then the answer. */
function faultOf(calls: readonly Call[], mark: string, answer: Call | undefined): string | null {
  const written = calls.find((call) => isWal(call) && call.text.includes(mark))
  if (written === undefined) return `${mark} was never written to the log`
  if (answer === undefined) return `${mark} was never answered`
  const synced = calls.find(
    (call) => isWal(call) && /^f(data)?sync$/.test(call.name) && call.beganAt > written.endedAt,
  )
  return synced !== undefined && synced.endedAt < answer.beganAt
    ? null
    : `${mark} was answered in line ${answer.beganAt}, and on the disk in line ${synced?.endedAt}`
}

test.skipIf(strace === null && !isComplete)(
  `for every write that is answered, the sync of the log returns before the answer is sent${why}`,
  async () => {
    const file = join(tmpdir(), `cloakroom-trace-${crypto.randomUUID()}`)
    await using server = await startObserved({ under: under(file) })
    const connections = await Promise.all(
      Array.from({ length: CLIENTS }, async () => open(server, await logIn(server.url))),
    )
    const marks = connections.map((_, i) => Array.from({ length: PUTS }, (__, j) => `mark-${i}-${j}-end`))
    // One alone first, then all at once, whose writes gather in common commits.
    for (const mark of marks[0] ?? []) await connections[0]?.put(mark)
    const others = connections.slice(1).map(async (connection, i) => {
      for (const mark of marks[i + 1] ?? []) await connection.put(mark)
    })
    await Promise.all(others)
    for (const connection of connections) connection.close()
    await server.stop()

    const calls = callsIn(readFileSync(file, 'utf8'))
    await Bun.file(file).delete()
    const faults = connections.flatMap(({ port }, i) => {
      const answers = calls.filter(
        ({ of, text }) => of.endsWith(`:${port}]`) && text.includes('HTTP/1.1 200'),
      )
      return (marks[i] ?? []).map((mark, j) => faultOf(calls, mark, answers[j]))
    })
    expect(faults).toHaveLength(CLIENTS * PUTS)
    expect(faults.filter((fault) => fault !== null)).toEqual([])
  },
)
