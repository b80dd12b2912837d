import type { Bounds } from './bounds.ts'
import { type Attributes, sizeOf, type WriteOutcome } from './store.ts'

/** Bytes of attributes, as bounds count them. */
export function bytesOf(attributes: Attributes): number {
  let bytes = 0
  for (const [key, value] of attributes) bytes += sizeOf(key, value)
  return bytes
}

/** Which bound a session would go beyond with these attributes after its put, or null. `others`: those of other sessions of its user. */
export function exceeded(
  before: Attributes,
  after: Attributes,
  bounds: Bounds,
  others: () => readonly Attributes[],
): Extract<WriteOutcome, string> | null {
  if (after.size > bounds.maxAttributes) return 'too_many'
  const bytes = bytesOf(after)
  if (bytes > bounds.maxBytes) return 'too_large'
  if (bytes <= bounds.shareBytes || bytes <= bytesOf(before)) return null
  const all = others().reduce((sum, attributes) => sum + bytesOf(attributes), bytes)
  return all > bounds.maxUserBytes ? 'user_too_large' : null
}
