/** Numbers as people read them. */

export const times = (ratio: number): string => (ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(1))

export const count = (number: number): string => Math.round(number).toLocaleString('en')

/** Formats a duration in microseconds. */
export const micros = (duration: number): string =>
  duration < 1_000 ? `${Math.round(duration)} µs` : millis(duration / 1_000)

export const millis = (duration: number): string =>
  `${duration < 10 ? duration.toFixed(2) : Math.round(duration)} ms`

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
