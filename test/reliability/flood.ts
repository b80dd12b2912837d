import { connect, type Socket } from 'node:net'
import type { Observed } from '../../reliability/server.ts'
import { ask } from '../../reliability/wire.ts'

/** Many connections that do no good. */
export interface Flood {
  /** Sends the next bit on all of them. */
  next(): Promise<void>
  /** Hangs up all of them. */
  end(): void
}

interface Flooding {
  readonly connections: number
  /** What each connection sends at first. */
  readonly opening: string
  /** What it sends at each `next`: always the same, or whatever this makes; null: nothing. */
  readonly step: string | (() => string) | null
}

/** Connections opened at once: fewer than the kernel's queue of those that wait to be accepted, which is not what is tested. */
const AT_ONCE = 100

/** Descriptors of others that may have been let go of meanwhile. */
export const SLACK = 16

/**
 * Opens the connections to a server on the loopback interface; resolves when it has accepted all of them. `opening` must not be empty:
 * Linux keeps a connection on which nothing was sent to itself (TCP_DEFER_ACCEPT), and the server never hears of it.
 */
export async function openFlood(server: Observed, { connections, opening, step }: Flooding): Promise<Flood> {
  const before = server.measure().descriptors
  const sockets: Socket[] = []
  while (sockets.length < connections) {
    const count = Math.min(AT_ONCE, connections - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: count }, () => open(server.port, opening)))))
    while (server.measure().descriptors < before + sockets.length - SLACK)
      await ask(server.url, '/healthz', '')
  }
  return {
    async next() {
      if (step === null) return
      for (const socket of sockets)
        if (socket.writable) socket.write(typeof step === 'string' ? step : step())
    },
    end() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

function open(port: number, opening: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(opening)
      resolve(socket)
    })
    // Answers are of no interest, and the server may hang up.
    socket.on('data', () => undefined)
    socket.on('error', reject)
  })
}
