import { RESERVED, type Removal } from './store.ts'

/** Which of the keys that are there a removal takes; of one that names its keys, those that it names. */
export function removedFrom(present: Iterable<string>, removal: Removal): readonly string[] {
  if (removal === 'all') return [...present]
  return removal === 'unreserved' ? [...present].filter((key) => !key.startsWith(RESERVED)) : removal
}

/** The keys of a removal, as those who watch the session are told of it. */
export const reportedKeys = (removal: Removal): readonly string[] | 'all' =>
  removal === 'unreserved' ? 'all' : removal
