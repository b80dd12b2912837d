import type { Millis, Use } from '../store.ts'
import type { HotSessions } from './hot.ts'
import type { Writer } from './writer.ts'

/** Uses that are written at once, or looked up in one turn; few, so that a put or a request which waits behind them waits little. */
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
  const placed: { readonly use: Use; readonly n: number }[] = []
  for (const use of uses) {
    placed.push({ use, n: hot?.numberOf(use.id) ?? UNKNOWN })
    if (placed.length % BATCH === 0) await new Promise(setImmediate)
  }
  placed.sort((a, b) => a.n - b.n)
  for (let at = 0; at < placed.length; at += BATCH) {
    const batch = placed.slice(at, at + BATCH)
    await writer.ask(
      'touchSessions',
      batch.map(({ use, n }) => [n === UNKNOWN ? use.id : n, use.usedAt, use.endsAt]),
      now,
    )
    // Not before: whoever reads would take for recorded what may never be.
    if (hot !== null) for (const { use } of batch) hot.touch(use, now)
  }
}
