import type { Millis, Use } from '../store.ts'
import type { HotSessions } from './hot.ts'
import type { PlacedUse } from './session-writes.ts'
import type { Writer } from './writer.ts'

/** Uses that are written at once; few, so that a put or a request which waits behind them waits little. */
const BATCH = 500

/** Records uses in steps, by the numbers of the sessions in the file as far as they are in memory: to look for an id takes many times as long. */
export async function touchInSteps(
  uses: readonly Use[],
  now: Millis,
  { writer, hot }: { readonly writer: Writer; readonly hot: HotSessions | null },
): Promise<void> {
  for (let at = 0; at < uses.length; at += BATCH) {
    const batch = uses.slice(at, at + BATCH)
    const placed = batch.map(({ id, usedAt, endsAt }): PlacedUse => [hot?.numberOf(id) ?? id, usedAt, endsAt])
    await writer.ask('touchSessions', placed, now)
    // Not before: whoever reads would take for recorded what may never be.
    if (hot !== null) for (const use of batch) hot.touch(use, now)
  }
}
