/** Characters of an id: SHA-256 in base64url. */
export const ID_LENGTH = 43

/** A number by which an id is found in a table, the same for the same id. Its characters are those of a hash, so the first few will do. */
export function slotOf(id: string): number {
  let hash = 0
  for (let i = 0; i < 6; i++) hash = (hash * 67 + id.charCodeAt(i)) | 0
  return hash
}

/** Whether an id stands there in bytes. Not as a string, which would have to be made first. */
export function isIdAt(bytes: Uint8Array, at: number, id: string): boolean {
  for (let i = 0; i < ID_LENGTH; i++) if (bytes[at + i] !== id.charCodeAt(i)) return false
  return true
}
