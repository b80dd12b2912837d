/** Milliseconds of one tick. */
const TICK_MS = 10

/**
 * A clock that counts turns of this process. While other work takes the machine, the process gets no turns,
 * which counts as one tick at most. So something that takes long by this clock takes long for reasons of this
 * process alone.
 */
export function startTicking(onTick: (ms: number) => void = () => {}) {
  let ms = 0
  const timer = setInterval(() => {
    ms += TICK_MS
    onTick(ms)
  }, TICK_MS)
  return {
    /** The time so far, in milliseconds. */
    get ms() {
      return ms
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
