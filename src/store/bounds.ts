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
