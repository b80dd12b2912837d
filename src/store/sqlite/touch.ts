import type { Millis, Use } from '../store.ts'
import type { HotSessions } from './hot.ts'
import type { PlacedUse } from './session-writes.ts'
import type { Writer } from './writer.ts'

/** Uses that are written at once; few, so that a put which waits behind them waits little. */
const BATCH = 500

/** Behind every number of a session. */
const UNKNOWN = Number.MAX_SAFE_INTEGER

/**
 * Records uses in the order of the sessions in the file, as far as their numbers are in memory: neighbours share pages, and to look for
 * each id and write in any order takes many times as long.
 */
export async function touchInOrder(
  uses: readonly Use[],
  now: Millis,
  { writer, hot }: { readonly writer: Writer; readonly hot: HotSessions | null },
): Promise<void> {
  const placed = uses.map(({ id, usedAt, endsAt }): PlacedUse => [hot?.numberOf(id) ?? id, usedAt, endsAt])
  placed.sort(([a], [b]) => (typeof a === 'number' ? a : UNKNOWN) - (typeof b === 'number' ? b : UNKNOWN))
  for (let at = 0; at < placed.length; at += BATCH)
    await writer.ask('touchSessions', placed.slice(at, at + BATCH), now)
  // Not before: whoever reads would take for recorded what may never be.
  if (hot !== null) for (const use of uses) hot.touch(use, now)
}
