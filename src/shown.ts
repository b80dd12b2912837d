/** Longest part of a request that a message repeats, in characters. */
const MAX_SHOWN_LENGTH = 100

/** Cleans a part of a request for use in a message: printable ASCII only, without quotes, and short. */
export const cleaned = (text: string): string =>
  text.replace(/[^\x21-\x7e]|["'<>\\`]/g, '?').slice(0, MAX_SHOWN_LENGTH)
