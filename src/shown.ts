/** Longest part of a request that a message repeats, in characters. */
const SHOWN_LENGTH = 100

/** A part of a request as a message may repeat it: printable ASCII only, without quotes, and short. */
export const cleaned = (text: string): string =>
  text.replace(/[^\x21-\x7e]|["'<>\\`]/g, '?').slice(0, SHOWN_LENGTH)
