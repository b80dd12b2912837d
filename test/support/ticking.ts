/** Milliseconds of one tick. */
const TICK_MS = 10

/**
 * A clock that goes by the turns of this process. While the machine does other work the process gets none, and that counts as one tick at
 * most; so what runs in here, or waits for its timers, takes long by this clock for reasons of its own alone.
 */
export function startTicking(onTick: (ms: number) => void = () => {}) {
  let ms = 0
  const timer = setInterval(() => {
    ms += TICK_MS
    onTick(ms)
  }, TICK_MS)
  return {
    /** How far it has gone, in milliseconds. */
    get ms() {
      return ms
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
