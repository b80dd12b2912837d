import { connect } from 'node:net'

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  /** The value of the first header of this name, or null. */
  header(name: string): string | null
  readonly body: string
}

/** A TCP connection on which a program writes its requests by hand. */
export interface RawConnection extends Disposable {
  /** Sends the lines of a request, and the body behind them, byte for byte; resolves with the answer. */
  send(lines: readonly string[], body?: string): Promise<RawAnswer>
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>
}

export function openConnection(port: number): RawConnection {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  let arrived = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  let isClosed = false
  socket.setEncoding('latin1')
  socket.on('data', (text) => {
    received += text
    arrived.resolve()
    arrived = Promise.withResolvers()
  })
  socket.on('close', () => {
    isClosed = true
    closed.resolve()
    arrived.resolve()
  })
  return {
    closed: closed.promise,
    async send(lines, body = '') {
      socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`)
      for (;;) {
        const end = endOf(received)
        if (end !== null) {
          const answer = parse(received.slice(0, end))
          received = received.slice(end)
          return answer
        }
        if (isClosed) throw new Error(`The server hung up after «${received}».`)
        await arrived.promise
      }
    },
    [Symbol.dispose]: () => void socket.destroy(),
  }
}

/** Where the first answer in a text ends, or null: not all of it is there. Programs of that age know no chunks. */
function endOf(text: string): number | null {
  const head = text.indexOf('\r\n\r\n')
  if (head === -1) return null
  const length = headerIn(text.slice(0, head), 'content-length')
  if (length === null) throw new Error(`The answer does not say how long it is: ${text}`)
  const end = head + 4 + Number(length)
  return text.length >= end ? end : null
}

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const head = text.slice(0, end)
  return {
    status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]),
    header: (name) => headerIn(head, name),
    body: text.slice(end + 4),
  }
}

const headerIn = (head: string, name: string): string | null => {
  const line = head.split('\r\n').find((each) => each.toLowerCase().startsWith(`${name}:`))
  return line === undefined ? null : line.slice(name.length + 1).trim()
}
