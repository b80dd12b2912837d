import { connect, type Socket } from 'node:net'
import type { Observed } from '../../reliability/server.ts'
import { ask } from '../../reliability/wire.ts'
import { SLACK } from './withstand.ts'

/** Many connections that do no good. */
export interface Flood {
  /** Sends the next bit on all of them, or on new ones. */
  next(): Promise<void>
  /** How many answers have come back, of whatever kind. */
  readonly answered: number
  /** Hangs up all of them. */
  end(): void
}

interface Flooding {
  readonly connections: number
  /** What each connection sends at first: all the same, or those of a list in turn. */
  readonly opening: string | readonly string[]
  /** What it sends at each `next`: always the same, or whatever this makes; null: nothing. */
  readonly step: string | (() => string) | null
}

/** Connections opened at once: fewer than the kernel's queue of those that wait to be accepted, which is not what is tested. */
const AT_ONCE = 100

/**
 * Opens the connections to a server on the loopback interface; resolves when it has accepted all of them. `opening` must not be empty:
 * Linux keeps a connection on which nothing was sent to itself (TCP_DEFER_ACCEPT), and the server never hears of it.
 */
export async function openFlood(server: Observed, { connections, opening, step }: Flooding): Promise<Flood> {
  const openings = [opening].flat()
  const before = server.measure().descriptors
  const guests: Guest[] = []
  while (guests.length < connections) {
    const count = Math.min(AT_ONCE, connections - guests.length)
    const sent = Array.from(
      { length: count },
      (_, i) => openings[(guests.length + i) % openings.length] ?? '',
    )
    guests.push(...(await Promise.all(sent.map((each) => open(server.port, each)))))
    while (server.measure().descriptors < before + guests.length - SLACK)
      await ask(server.url, '/healthz', '')
  }
  return {
    async next() {
      if (step === null) return
      for (const { socket } of guests)
        if (socket.writable) socket.write(typeof step === 'string' ? step : step())
    },
    get answered() {
      return answersOf(guests)
    },
    end: () => hangUp(guests),
  }
}

interface Shooting {
  /** Sent in this order, and then from the first again. */
  readonly requests: readonly (string | (() => string))[]
  /** How many are sent at each `next`. */
  readonly atOnce?: number
  /** How many may be without an answer before more are sent. */
  readonly underway?: number
}

/** Requests over a connection of their own each. */
export function openShots({ port }: Observed, shooting: Shooting): Flood {
  const { requests, atOnce = 1, underway = Number.POSITIVE_INFINITY } = shooting
  const guests: Guest[] = []
  const waiting = () => guests.filter(({ answered }) => answered === 0).length
  return {
    async next() {
      for (let i = 0; i < atOnce; i++) {
        const request = requests[guests.length % requests.length] ?? ''
        guests.push(await open(port, typeof request === 'string' ? request : request()))
      }
      while (waiting() > underway) await Bun.sleep(1)
    },
    get answered() {
      return answersOf(guests)
    },
    end: () => hangUp(guests),
  }
}

interface Guest {
  readonly socket: Socket
  answered: number
}

function open(port: number, opening: string): Promise<Guest> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(opening)
      resolve(guest)
    })
    const guest: Guest = { socket, answered: 0 }
    socket.on('data', (bytes) => {
      guest.answered += bytes.toString('latin1').split('HTTP/1.1 ').length - 1
    })
    // The server may hang up.
    socket.on('error', reject)
  })
}

const answersOf = (guests: readonly Guest[]): number =>
  guests.reduce((total, { answered }) => total + answered, 0)

function hangUp(guests: readonly Guest[]): void {
  for (const { socket } of guests) socket.destroy()
}
