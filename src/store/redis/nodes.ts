import { StoreFault } from '../../errors.ts'
import type { NodeReport, Store } from '../store.ts'
import { partsOf } from './ends.ts'
import { REPORT_ENDS, REPORTS } from './keys.ts'
import type { Link } from './link.ts'
import { newScript } from './scripts.ts'

/**
 * KEYS reports, ends; ARGV name, text, end, now. What ended goes, and both keys go by themselves with the last end, by the clock of
 * Redis, as when no node is left to sweep them. Also where there is no memory left: somebody wants to see just that.
 */
const NOTE = newScript(
  'frees',
  `
-- First, so that neither key is ever gone: one that comes into being again would stop the script while its slot is on its way.
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[4])) do
  if name ~= ARGV[1] then
    redis.call('ZREM', KEYS[2], name)
    redis.call('HDEL', KEYS[1], name)
  end
end
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
local left = string.format('%.0f', last[2] - ARGV[4])
redis.call('PEXPIRE', KEYS[1], left)
redis.call('PEXPIRE', KEYS[2], left)
return 0
`,
)

/** KEYS reports, ends; ARGV now. Name, end and text of each that has not ended. */
const LIST = newScript(
  'reads',
  `
local found = {}
local live = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES')
for i = 1, #live, 2 do
  for _, each in ipairs({live[i], live[i + 1], redis.call('HGET', KEYS[1], live[i])}) do table.insert(found, each) end
end
return found
`,
)

type Nodes = Pick<Store, 'noteNode' | 'listNodes' | 'measureBytes'>

/** What nodes say of themselves, and what all of it takes. */
export const newNodes = (link: Link): Nodes => ({
  async noteNode({ name, text, endsAt }, now) {
    await link.write(NOTE, [REPORTS, REPORT_ENDS], [name, text, String(endsAt), String(now)])
  },

  async listNodes(now) {
    const found = (await link.look(LIST, [REPORTS, REPORT_ENDS], [String(now)])) as string[]
    return partsOf(found, 3).map(
      ([name = '', endsAt, text = '']): NodeReport => ({ name, text, endsAt: Number(endsAt) }),
    )
  },

  async measureBytes() {
    const infos = await link.readEach(['INFO', 'memory'])
    return infos.reduce<number>((sum, info) => sum + usedIn(String(info)), 0)
  },
})

function usedIn(info: string): number {
  const used = /^used_memory:(\d+)/m.exec(info)?.[1]
  if (used === undefined) throw new StoreFault('store_unavailable', 'Redis does not say what it uses.', null)
  return Number(used)
}
