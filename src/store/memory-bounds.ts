import { type Bounds, sizeOfAll } from './bounds.ts'
import type { Attributes, WriteOutcome } from './store.ts'

/** Which bound a session would go beyond with these attributes after its put, or null. `others`: those of other sessions of its user. */
export function exceeded(
  before: Attributes,
  after: Attributes,
  bounds: Bounds,
  others: () => readonly Attributes[],
): Extract<WriteOutcome, string> | null {
  if (after.size > bounds.maxAttributes) return 'too_many'
  const bytes = sizeOfAll(after)
  if (bytes > bounds.maxBytes) return 'too_large'
  if (bytes <= bounds.shareBytes || bytes <= sizeOfAll(before)) return null
  const all = others().reduce((sum, attributes) => sum + sizeOfAll(attributes), bytes)
  return all > bounds.maxUserBytes ? 'user_too_large' : null
}
