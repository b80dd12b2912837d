import { connect, type Socket } from 'node:net'
import { startTicking } from './ticking.ts'

/** One response as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export interface RawExchange {
  /** Every complete response, in order. */
  readonly answers: readonly RawAnswer[]
  /** What came after the last complete response. */
  readonly rest: string
  /** Whether the server closed the connection. */
  readonly closed: boolean
}

/** Milliseconds of silence after which nothing more is expected, whether or not anything came before. */
const QUIET_MS = 400
const SILENCE = 2_000

/** Asks the server to hang up after its response, so that the exchange ends without waiting. */
export const LAST_REQUEST = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'

/**
 * Sends exactly these bytes over one connection, each part after as many responses as there were parts before
 * it. Collects what comes back until the server hangs up or falls silent. A string is taken as Latin-1, so
 * `\xff` is that byte.
 */
export function sendRaw(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<RawExchange> {
  const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part))
  const isHead = bytes.map((part) => Buffer.from(part).toString('latin1', 0, 5) === 'HEAD ')
  let sent = 0
  return exchange(port, isHead, (socket, answered) => {
    const part = answered >= sent ? bytes[sent++] : undefined
    if (part !== undefined) socket.write(part)
  })
}

/** The same for bytes that are sent one at a time, each in its own packet. */
export function sendBytewise(port: number, text: string): Promise<RawExchange> {
  const bytes = Buffer.from(text, 'latin1')
  let sent = 0
  const next = (socket: Socket) => {
    if (sent === bytes.length || !socket.writable) return
    socket.write(bytes.subarray(sent, ++sent))
    setImmediate(next, socket)
  }
  return exchange(port, [], (socket) => {
    if (sent > 0) return
    socket.setNoDelay()
    next(socket)
  })
}

/**
 * `send` is called at the start and after each received chunk, with the number of complete responses so far.
 */
function exchange(
  port: number,
  isHead: readonly boolean[],
  send: (socket: Socket, answered: number) => void,
): Promise<RawExchange> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0)
    const socket = connect(port, '127.0.0.1')
    const finish = (closed: boolean) => {
      quiet[Symbol.dispose]()
      socket.destroy()
      resolve({ ...answersIn(received, isHead), closed })
    }
    // The time of the last bytes, and how long the silence may last.
    let quietSince = 0
    let longest = SILENCE
    const quiet = startTicking((ms) => {
      if (ms - quietSince >= longest) finish(false)
    })
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      quietSince = quiet.ms
      longest = QUIET_MS
      send(socket, answersIn(received, isHead).answers.length)
    })
    // A server that hangs up while we still send resets the connection; what it sent before remains valid.
    socket.on('error', () => finish(true))
    socket.on('close', () => finish(true))
    send(socket, 0)
  })
}

function answersIn(bytes: Buffer, isHead: readonly boolean[]): { answers: RawAnswer[]; rest: string } {
  const answers: RawAnswer[] = []
  for (let rest = bytes; ; ) {
    const end = rest.indexOf('\r\n\r\n')
    const [statusLine = '', ...lines] = rest.toString('latin1', 0, Math.max(0, end)).split('\r\n')
    const [, status] = /^HTTP\/1\.1 (\d{3})/.exec(statusLine) ?? []
    const headers = new Headers(lines.map((line) => splitAt(line, line.indexOf(':'))))
    const length = isHead[answers.length] === true ? 0 : Number(headers.get('content-length') ?? 0)
    if (end === -1 || status === undefined || rest.length < end + 4 + length)
      return { answers, rest: rest.toString('latin1') }
    const body = rest.toString('utf8', end + 4, end + 4 + length)
    answers.push({ status: Number(status), headers, body })
    rest = rest.subarray(end + 4 + length)
  }
}

const splitAt = (line: string, at: number): [string, string] => [line.slice(0, at), line.slice(at + 1).trim()]
