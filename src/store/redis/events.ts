import { isAmong } from '../filters.ts'
import { pageIn } from '../pages.ts'
import type { EventFilter, Keeping, Page, StoredEvent } from '../store.ts'
import { EVENT_KIND, EVENT_NUMBERS, EVENT_TEXTS } from './keys.ts'
import type { Link } from './link.ts'
import { newScript, newWideScript } from './scripts.ts'

/**
 * KEYS numbers, texts; ARGV what the key of a kind begins with, most, since, then of each event its instant, its group (kind and source) and
 * what is kept of it. The last event stays whatever its age, so that no number comes twice.
 */
const APPEND = newWideScript(
  'writes',
  `
local last = redis.call('ZRANGE', KEYS[1], -1, -1)[1] or 0
local groups = {}
-- All that is not there yet, or has gone ahead, is come upon before anything is changed.
for i = 4, #ARGV, 3 do redis.call('EXISTS', ARGV[1] .. ARGV[i + 1]) end
for i = 4, #ARGV, 3 do
  last = last + 1
  local n = string.format('%.0f', last)
  groups[ARGV[i + 1]] = true
  redis.call('ZADD', KEYS[1], n, n)
  redis.call('ZADD', ARGV[1] .. ARGV[i + 1], n, n)
  redis.call('HSET', KEYS[2], n, ARGV[i] .. ' ' .. ARGV[i + 1] .. ' ' .. ARGV[i + 2])
end
local function forget(n, group)
  -- Those of another group may have gone ahead. Then it is left to the next call.
  if type(redis.pcall('ZREM', ARGV[1] .. group, n)) == 'table' then return false end
  redis.call('ZREM', KEYS[1], n)
  redis.call('HDEL', KEYS[2], n)
  return true
end
for group in pairs(groups) do
  for _, n in ipairs(redis.call('ZRANGE', ARGV[1] .. group, 0, -1 - ARGV[2])) do forget(n, group) end
end
-- Up to the first that is younger: they come about in the order of their instants.
for _, n in ipairs(redis.call('ZRANGE', KEYS[1], 0, 1000)) do
  local at, group = string.match(redis.call('HGET', KEYS[2], n) or '', '^(%S+) (%S+) ')
  if not at or tonumber(at) >= tonumber(ARGV[3]) or tonumber(n) >= last or not forget(n, group) then break end
end
`,
)

/** Numbers and what is kept of the events before one. KEYS numbers, texts; ARGV the number, how many. */
const BEFORE = newScript(
  'reads',
  `
local numbers = redis.call('ZREVRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '-inf', 'LIMIT', 0, ARGV[2])
if #numbers == 0 then return {} end
return {numbers, redis.call('HMGET', KEYS[2], unpack(numbers))}
`,
)

/** Events that are read at once, and that a call looks at besides those that it finds. */
const STEP = 500
const LOOKED_AT = 2_000

/** The part of the store that remembers events. All of them are in one slot, and each call is one step. */
export function newEvents(link: Link) {
  const before = async function* (from: string, filter: EventFilter) {
    for (let at = from; ; ) {
      const keys = [EVENT_NUMBERS, EVENT_TEXTS] as const
      const [numbers = [], texts = []] = (await link.look(BEFORE, keys as unknown as [string], [
        at,
        String(STEP),
      ])) as string[][]
      for (const [i, cursor] of numbers.entries()) {
        const event = eventIn(texts[i] ?? '')
        yield { item: isAmong(filter, event) ? event : null, cursor }
      }
      if (numbers.length < STEP) return
      at = numbers.at(-1) ?? at
    }
  }

  return {
    async appendEvents(events: readonly StoredEvent[], { most, since }: Keeping): Promise<void> {
      const args = events.flatMap((event) => [String(event.at), groupOf(event), keptOf(event)])
      const keys = [EVENT_NUMBERS, EVENT_TEXTS] as const
      await link.write(APPEND, keys as unknown as [string], [
        EVENT_KIND,
        String(most),
        String(since),
        ...args,
      ])
    },

    listEvents(filter: EventFilter, after: string | null, limit: number): Promise<Page<StoredEvent>> {
      return pageIn(before(after ?? '+inf', filter), limit, LOOKED_AT)
    },
  }
}

/** Kind and source, as the key of a sorted set has them. Events of a version that knew no sources have the kind alone. */
const groupOf = ({ kind, source }: StoredEvent) => (source === undefined ? kind : `${kind}=${source}`)

/** The user's name, which may be anything, behind the number of its characters. */
const keptOf = ({ uname, text }: StoredEvent) => `${uname?.length ?? -1} ${uname ?? ''}${text}`

function eventIn(kept: string): StoredEvent {
  const [, at = '', group = '', length = '', rest = ''] = /^(\S+) (\S+) (\S+) (.*)$/s.exec(kept) ?? []
  const count = Number(length)
  const uname = count < 0 ? null : rest.slice(0, count)
  const [kind = '', source] = group.split('=')
  const text = rest.slice(Math.max(0, count))
  return { at: Number(at), kind, uname, text, ...(source === undefined ? {} : { source }) }
}
