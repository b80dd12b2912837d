import type { Socket } from 'bun'

/**
 * What a network does with what is sent through it. `silent`: nothing arrives, and nobody is told. `mute`: what is asked arrives, the
 * answers do not. `slow`: what is asked arrives, the answers come late. `reset`: connections break, the new ones too.
 */
export type Mood = 'well' | 'silent' | 'mute' | 'slow' | 'reset'

/** Milliseconds by which answers are late. */
const DELAY = 3_000

/** A network between a client and a server on the loopback interface, which can be broken. */
export interface Proxy extends AsyncDisposable {
  readonly port: number
  mood: Mood
  /** Breaks the connections there are; those that are made later are well. */
  cut(): void
  /**
   * Keeps back what is sent on the connections there are; those that are made later are well. As a kernel does that finds no way to the
   * server, it still delivers it when the client has long closed: when what this returns is called. That resolves when the server is done.
   */
  holdBack(): () => Promise<void>
}

interface Pair {
  readonly client: Socket<Pair>
  /** Null: not yet connected. */
  server: Socket | null
  /** What could not be sent yet, by direction. */
  readonly toServer: Uint8Array[]
  readonly toClient: Uint8Array[]
  isHeld: boolean
  /** Whether the client has gone while it was held. */
  isLeft: boolean
  readonly gone: PromiseWithResolvers<void>
}

/**
 * `await using proxy = startProxy(port)` ends it, and all connections through it, at the end of the block. `overhear` is told what
 * clients send, and by which of their connections.
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
      }, DELAY)
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
          // It answers what it was sent, and hangs up.
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

/** Sends as much as the socket takes; the rest stays for when it takes more. */
function send(waiting: Uint8Array[], to: Pick<Socket, 'write'>): void {
  for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift()) {
    const sent = Math.max(0, to.write(bytes))
    if (sent === bytes.length) continue
    waiting.unshift(bytes.subarray(sent))
    return
  }
}
