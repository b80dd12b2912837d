import type { Socket } from 'bun'

/**
 * How the network behaves. `silent`: nothing arrives, without any error. `mute`: requests arrive, responses
 * do not. `slow`: requests arrive, responses come late. `reset`: connections break, new ones too.
 */
export type Mood = 'well' | 'silent' | 'mute' | 'slow' | 'reset'

/** Delay of responses, in milliseconds. */
const DELAY_MS = 3_000

/** A breakable network between a client and a server on the loopback interface. */
export interface Proxy extends AsyncDisposable {
  readonly port: number
  mood: Mood
  /** Breaks the existing connections; later ones work. */
  cut(): void
  /**
   * Holds back what is sent on existing connections; later ones work. Like a kernel that finds no route, it
   * still delivers the data long after the client has closed: when the returned function is called. That
   * resolves when the server is done.
   */
  holdBack(): () => Promise<void>
}

interface Pair {
  readonly client: Socket<Pair>
  /** Null: not connected yet. */
  server: Socket | null
  /** What could not be sent yet, by direction. */
  readonly toServer: Uint8Array[]
  readonly toClient: Uint8Array[]
  isHeld: boolean
  /** Whether the client has left while the data was held. */
  isLeft: boolean
  readonly gone: PromiseWithResolvers<void>
}

/**
 * `await using proxy = startProxy(port)` stops it and all its connections at the end of the block. `overhear`
 * receives what clients send, and on which connection.
 */
export function startProxy(
  port: number,
  overhear: (bytes: Uint8Array, connection: object) => void = () => {},
): Proxy {
  const pairs = new Set<Pair>()
  let mood: Mood = 'well'
  const end = (pair: Pair) => {
    pairs.delete(pair)
    pair.client.terminate()
    pair.server?.terminate()
    pair.gone.resolve()
  }
  const move = (pair: Pair) => {
    if (pair.server !== null && mood !== 'silent' && !pair.isHeld) send(pair.toServer, pair.server)
    if (mood === 'well') send(pair.toClient, pair.client)
    if (mood === 'slow')
      setTimeout(() => {
        if (pairs.has(pair) && mood === 'slow') send(pair.toClient, pair.client)
      }, DELAY_MS)
  }
  const connect = async (pair: Pair) => {
    try {
      pair.server = await Bun.connect({
        hostname: '127.0.0.1',
        port,
        allowHalfOpen: true,
        socket: {
          data(_, bytes) {
            pair.toClient.push(Uint8Array.from(bytes))
            move(pair)
          },
          drain: () => move(pair),
          end: () => end(pair),
          close: () => end(pair),
        },
      })
      move(pair)
    } catch {
      end(pair)
    }
  }
  const listener = Bun.listen<Pair>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(client) {
        const pair: Pair = {
          client,
          server: null,
          toServer: [],
          toClient: [],
          isHeld: false,
          isLeft: false,
          gone: Promise.withResolvers(),
        }
        client.data = pair
        pairs.add(pair)
        if (mood === 'reset') end(pair)
        else void connect(pair)
      },
      data(client, bytes) {
        overhear(bytes, client.data)
        client.data.toServer.push(Uint8Array.from(bytes))
        move(client.data)
      },
      drain: (client) => move(client.data),
      close({ data: pair }) {
        if (pair.isHeld) pair.isLeft = true
        else end(pair)
      },
    },
  })
  const cut = () => {
    for (const pair of [...pairs]) end(pair)
  }
  return {
    port: listener.port,
    get mood() {
      return mood
    },
    set mood(next) {
      mood = next
      if (next === 'reset') cut()
      for (const pair of pairs) move(pair)
    },
    cut,
    holdBack() {
      const held = [...pairs]
      for (const pair of held) pair.isHeld = true
      return async () => {
        for (const pair of held) {
          pair.isHeld = false
          move(pair)
          // It answers what it received, and hangs up.
          if (pair.isLeft) pair.server?.shutdown()
        }
        await Promise.all(held.map(({ isLeft, gone }) => isLeft && gone.promise))
      }
    },
    async [Symbol.asyncDispose]() {
      cut()
      listener.stop(true)
    },
  }
}

/** Sends as much as the socket accepts; the rest waits. */
function send(waiting: Uint8Array[], to: Pick<Socket, 'write'>): void {
  for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift()) {
    const sent = Math.max(0, to.write(bytes))
    if (sent === bytes.length) continue
    waiting.unshift(bytes.subarray(sent))
    return
  }
}
