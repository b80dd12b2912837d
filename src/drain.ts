import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** Milliseconds between two checks of the connections. */
const PAUSE_MS = 20

/** Longest time between closing the port and closing idle connections. */
const CLOSING_MS = 2_000

/** States of a socket (Linux, include/net/tcp_states.h). */
const [ESTABLISHED, LISTEN] = ['01', '0A']

/**
 * Lets clients and proxies leave before the server stops: first they can still connect, then only open
 * connections are served. Either phase ends as soon as no client is connected. `onClosed` is called in
 * between.
 *
 * Bun closes the port and all idle connections in one step. A proxy with keep-alive may have just sent a
 * request on such a connection, and reports an error for a POST. So the port is closed first (on Linux), and
 * open connections finish.
 */
export async function drain(port: number, longestMs: number, onClosed: () => void): Promise<void> {
  await allGone(port, longestMs)
  if (!closePort(port)) return
  onClosed()
  await allGone(port, Math.min(longestMs, CLOSING_MS))
}

async function allGone(port: number, longestMs: number): Promise<void> {
  const deadline = performance.now() + longestMs
  while (hasConnections(port) && performance.now() < deadline) await Bun.sleep(PAUSE_MS)
}

/** Tells whether a client is connected. Only Linux can tell; elsewhere the answer is always yes. */
function hasConnections(port: number): boolean {
  try {
    return socketsOf(port, ESTABLISHED).length > 0
  } catch {
    return true
  }
}

/** Closes the socket that listens on the port, but no connection. Returns false if it was not found. */
function closePort(port: number): boolean {
  try {
    const listening = socketsOf(port, LISTEN).map((inode) => `socket:[${inode}]`)
    const descriptor = readdirSync('/proc/self/fd').find((each) => listening.includes(targetOf(each)))
    if (descriptor === undefined) return false
    closeSync(Number(descriptor))
    occupy(Number(descriptor))
    return true
  } catch {
    return false
  }
}

/** Points the descriptor's number at /dev/null, since Bun closes it once more at the end. */
function occupy(descriptor: number): void {
  const lower: number[] = []
  let opened = openSync('/dev/null', 'r')
  while (opened < descriptor) {
    lower.push(opened)
    opened = openSync('/dev/null', 'r')
  }
  for (const each of lower) closeSync(each)
}

function targetOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`)
  } catch {
    return ''
  }
}

/** Returns the inodes of sockets with this local port, including those of other processes. */
function socketsOf(port: number, wanted: string): readonly string[] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return ['tcp', 'tcp6']
    .flatMap((table) => readFileSync(`/proc/self/net/${table}`, 'latin1').split('\n').slice(1))
    .flatMap((line) => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
      return state === wanted && local.endsWith(end) ? [inode] : []
    })
}
