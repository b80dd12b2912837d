import type { Millis } from '../store.ts'
import { type Ends, partsOf } from './ends.ts'
import { ENDING, indexKey, type Shard, shards } from './keys.ts'
import type { Link } from './link.ts'
import { DUE, SWEEP } from './shard-scripts.ts'
import { SETTLE_ENDS } from './user-scripts.ts'

/** Deleting what is left. Each shard is swept by a script, so that of several nodes one alone deletes and counts a thing. */
export function newSweeps(link: Link, ends: Ends) {
  const due = async ({ ends, ended, counterEnds }: Shard, endedBefore: Millis) =>
    Number(await link.look(DUE, [ends, ended, counterEnds], [String(endedBefore)]))

  const sweep = async (shard: Shard, endedBefore: Millis, limit: number): Promise<number> => {
    const keys = [shard.ends, shard.ended, shard.counterEnds, shard.logins, shard.counters] as const
    const args = [String(endedBefore), String(limit), `${shard.tag}s:`]
    const [swept = 0, ...sessions] = (await link.write(SWEEP, keys as unknown as [string], args)) as [
      number,
      ...string[],
    ]
    const byUser = Map.groupBy(partsOf(sessions, 2), ([uname = '']) => uname)
    await Promise.all(
      [...byUser].map(([uname, some]) => {
        const members = some.map(([, member = '']) => member)
        return link.write(SETTLE_ENDS, [indexKey(uname), ENDING], [uname, ...members])
      }),
    )
    return swept
  }

  return {
    async sweepSessions(endedBefore: Millis, limit: number): Promise<number> {
      await ends.finishLeft(endedBefore)
      let swept = 0
      // Again, since another node may have been quicker.
      while (swept < limit) {
        const counts = await Promise.all(shards.map((shard) => due(shard, endedBefore)))
        let room = limit - swept
        const shares = counts.map((count) => {
          const share = Math.min(count, room)
          room -= share
          return share
        })
        if (room === limit - swept) return swept
        const sweeping = shards.map((shard, i) => {
          const share = shares[i] ?? 0
          return share === 0 ? 0 : sweep(shard, endedBefore, share)
        })
        swept += (await Promise.all(sweeping)).reduce((sum, each) => sum + each, 0)
      }
      return swept
    },
  }
}
