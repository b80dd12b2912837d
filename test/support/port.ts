/**
 * Below the ports that systems give to whoever connects (Linux: 32768 and up). Else a connection of another test may be on it before who
 * is to listen there does, or a connection that asks whether somebody listens may get that very port and reach itself.
 */
const [LEAST, MOST] = [20_000, 32_000]

/** A port of the loopback interface that nobody listens on. */
export function freePort(): number {
  for (;;) {
    const port = LEAST + Math.floor(Math.random() * (MOST - LEAST))
    try {
      Bun.listen({ hostname: '127.0.0.1', port, socket: { data() {} } }).stop(true)
      return port
    } catch {
      // Somebody does.
    }
  }
}
