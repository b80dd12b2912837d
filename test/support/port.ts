/**
 * Below the ports that systems assign to outgoing connections (Linux: 32768 and up). Otherwise another test's
 * connection may take the port before the server listens, or a probe of the port may get that very port and
 * connect to itself.
 */
const [LEAST, MOST] = [20_000, 32_000]

/** Returns a port of the loopback interface on which nothing listens. */
export function freePort(): number {
  for (;;) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST))
    try {
      Bun.listen({ hostname: '127.0.0.1', port, socket: { data() {} } }).stop(true)
      return port
    } catch {
      // The port is taken.
    }
  }
}
