import { PARSE, STATE } from './fields.ts'
import { newScript, newWideScript } from './scripts.ts'

/** How much of a shard there is to sweep, each at most the limit. KEYS ends, ended, counter ends; ARGV endedBefore. */
export const DUE = newScript(
  'reads',
  `
local due = 0
for _, key in ipairs(KEYS) do due = due + redis.call('ZCOUNT', key, '-inf', ARGV[1]) end
return due
`,
)

/**
 * Sweeps a shard. KEYS ends, ended, counter ends, logins, counters; ARGV endedBefore, limit, and what the keys of the sessions begin
 * with. How many, then of each session that was swept its user, its handle and its login, for the user's index, which is elsewhere.
 */
export const SWEEP = newWideScript(
  'frees',
  `${PARSE}
local room = tonumber(ARGV[2])
local swept = {0}
local function due(key)
  return redis.call('ZRANGEBYSCORE', key, '-inf', ARGV[1], 'LIMIT', 0, room - swept[1])
end
local sessions, states = due(KEYS[1]), {}
for _, handle in ipairs(sessions) do states[handle] = redis.call('HGET', ARGV[3] .. handle, '${STATE}') end
for _, handle in ipairs(sessions) do
  local began, _, _, _, uname = stateIn(states[handle])
  redis.call('DEL', ARGV[3] .. handle)
  redis.call('ZREM', KEYS[1], handle)
  redis.call('ZREM', KEYS[4], handle)
  swept[1] = swept[1] + 1
  if uname then
    table.insert(swept, uname)
    table.insert(swept, handle .. began)
  end
end
for _, handle in ipairs(due(KEYS[2])) do
  redis.call('ZREM', KEYS[2], handle)
  swept[1] = swept[1] + 1
end
for _, name in ipairs(due(KEYS[3])) do
  redis.call('ZREM', KEYS[3], name)
  redis.call('HDEL', KEYS[5], name)
  swept[1] = swept[1] + 1
end
return swept
`,
)

/** Handle, user and login of live sessions of a shard, in no order. KEYS ends; ARGV now, limit, what the keys begin with. */
export const FIND = newWideScript(
  'reads',
  `${PARSE}
local found = {}
for _, handle in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf', 'LIMIT', 0, ARGV[2])) do
  local began, _, _, _, uname = stateIn(redis.call('HGET', ARGV[3] .. handle, '${STATE}'))
  for _, each in ipairs({handle, uname, began}) do table.insert(found, each) end
end
return found
`,
)

/**
 * Handle and login of live sessions of a shard, the latest login first, of which more follow if there are as many as the limit. KEYS
 * logins, ends; ARGV now, limit, and the login and the handle behind which it begins. In the order of a sorted set, backwards, sessions
 * of one millisecond come by their handles.
 */
export const LATEST = newScript(
  'reads',
  `
-- Not the operator, which goes by the language of the server's environment.
local function isBefore(a, b)
  for i = 1, #a do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x < y end
  end
  return false
end
local found, at = {}, 0
while #found < 2 * ARGV[2] do
  local page = redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[3], '-inf', 'WITHSCORES', 'LIMIT', at, 100)
  if #page == 0 then break end
  for i = 1, #page, 2 do
    local isBehind = page[i + 1] ~= ARGV[3] or isBefore(page[i], ARGV[4])
    if isBehind and #found < 2 * ARGV[2] then
      local ends = redis.call('ZSCORE', KEYS[2], page[i])
      if ends and tonumber(ends) > tonumber(ARGV[1]) then
        table.insert(found, page[i])
        table.insert(found, page[i + 1])
      end
    end
  end
  at = at + 100
end
return found
`,
)

/** How many of these sessions are live and of the user. KEYS sessions of one shard; ARGV user, now. */
export const COUNT_OF_USER = newScript(
  'reads',
  `${PARSE}
local count = 0
for _, key in ipairs(KEYS) do
  local tail, ends, uname = read(key)
  if tail and uname == ARGV[1] and tonumber(ends) > tonumber(ARGV[2]) then count = count + 1 end
end
return count
`,
)

/** KEYS counters, counter ends; ARGV name, by, window, now. Count and end. */
export const COUNT = newScript(
  'writes',
  `
local count, ends = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^(%d+) (%d+)$')
local by, window, now = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local isThere = count and now < tonumber(ends) and tonumber(ends) <= now + window
if not isThere then count, ends = 0, now + window end
count = math.max(0, count + by)
if isThere or by > 0 then
  local digits = string.format('%.0f', ends)
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', count) .. ' ' .. digits)
  redis.call('ZADD', KEYS[2], digits, ARGV[1])
end
return {count, tonumber(ends)}
`,
)
