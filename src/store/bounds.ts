/** What a put must not go beyond. Bytes are those of all keys and values in UTF-8. */
export interface Bounds {
  /** Of the session. */
  readonly maxAttributes: number
  /** Of the session. */
  readonly maxBytes: number
  /** Bytes that the session may have whatever others of its user have. */
  readonly shareBytes: number
  /**
   * Bytes that all live sessions of the user may have after a put that makes the session larger than it was and than its share. Puts in
   * several sessions at once may go beyond it by what they add.
   */
  readonly maxUserBytes: number
}

/** Bytes of an attribute, as bounds count them. */
export const sizeOf = (key: string, value: string): number =>
  Buffer.byteLength(key) + Buffer.byteLength(value)

/** Bytes of several attributes, as bounds count them. */
export function sizeOfAll(attributes: Iterable<readonly [key: string, value: string]>): number {
  let bytes = 0
  for (const [key, value] of attributes) bytes += sizeOf(key, value)
  return bytes
}
