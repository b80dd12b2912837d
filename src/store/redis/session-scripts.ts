import { PARSE, STATE, TIMES } from './fields.ts'
import { LATE, newScript } from './scripts.ts'

/** Bytes of the keys in what is told of a write, at most. */
const LONGEST_MESSAGE = 4_096

/**
 * Does something if anybody watches the session, on whichever node; `tell` tells those. To ask costs less than to publish, which goes to
 * every replica too. The channel is that of `channelOf`.
 */
const whereWatched = (body: string) => `
if redis.call('PUBSUB', 'SHARDNUMSUB', KEYS[1] .. tail)[2] > 0 then
  local function tell(message) redis.call('SPUBLISH', KEYS[1] .. tail, message) end
  ${body}
end
`

/** Tells of a write that names keys, which are ARGV `from` and each `step` further. What would be long is said to have been missed. */
const tellKeys = (kind: 'put' | 'delete', from: number, step: number) =>
  whereWatched(`
  local keys, size = {}, 0
  for i = ${from}, #ARGV, ${step} do
    size = size + #ARGV[i]
    if size > ${LONGEST_MESSAGE} then break end
    table.insert(keys, cjson.encode(string.sub(ARGV[i], 2)))
  end
  if size > ${LONGEST_MESSAGE} then tell('{"kind":"missed"}')
  else tell('{"kind":"${kind}","keys":[' .. table.concat(keys, ',') .. '],"version":' .. version .. '}') end
`)

/** Finds the session, or returns `absent`. KEYS session; ARGV tail, now, version or nothing. */
const LIVE = `${PARSE}
local kept = redis.call('HMGET', KEYS[1], '${TIMES}', '${STATE}')
local tail, _, ends, latest = timesIn(kept[1])
if tail ~= ARGV[1] or tonumber(ends) <= tonumber(ARGV[2]) then return 'absent' end
local began, version, count, bytes, uname = stateIn(kept[2])
if ARGV[3] ~= '' and version ~= ARGV[3] then return 'version_differs' end
count, bytes = tonumber(count), tonumber(bytes)
local function state()
  version = version + 1
  return table.concat({began, version, count, bytes, uname}, ' ')
end
local function written()
  return {version, tonumber(ends), tonumber(latest)}
end
`

/**
 * KEYS session; ARGV tail, now, version or nothing, most attributes, most bytes, bytes beyond which it must not grow, then fields and
 * values. Everything is looked at before anything is written, since a script that stops half way leaves what it has done. Lua unpacks a few
 * thousand values at most.
 */
export const PUT = newScript(
  'writes',
  `${LIVE}
local had = bytes
for i = 7, #ARGV, 2 do
  local before = redis.call('HSTRLEN', KEYS[1], ARGV[i])
  if before > 0 or redis.call('HEXISTS', KEYS[1], ARGV[i]) == 1 then
    bytes = bytes + #ARGV[i + 1] - before
  else
    count = count + 1
    bytes = bytes + #ARGV[i] - 1 + #ARGV[i + 1]
  end
end
if count > tonumber(ARGV[4]) then return 'too_many' end
if bytes > tonumber(ARGV[5]) then return 'too_large' end
if bytes > tonumber(ARGV[6]) and bytes > had then return 'user_too_large' end
for i = 1007, #ARGV, 1000 do redis.call('HSET', KEYS[1], unpack(ARGV, i, math.min(#ARGV, i + 999))) end
redis.call('HSET', KEYS[1], '${STATE}', state(), unpack(ARGV, 7, math.min(#ARGV, 1006)))
${tellKeys('put', 7, 2)}
return written()
`,
)

/** KEYS session; ARGV tail, now, version or nothing, then fields. */
export const REMOVE = newScript(
  'frees',
  `${LIVE}
for i = 4, #ARGV do
  local size = #ARGV[i] - 1 + redis.call('HSTRLEN', KEYS[1], ARGV[i])
  if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then
    count = count - 1
    bytes = bytes - size
  end
end
redis.call('HSET', KEYS[1], '${STATE}', state())
${tellKeys('delete', 4, 1)}
return written()
`,
)

/** KEYS session; ARGV tail, now, version or nothing, what fields begin with that stay, or nothing. */
export const REMOVE_ALL = newScript(
  'frees',
  `${LIVE}
count, bytes = 0, 0
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 1) == ':' then
    if ARGV[4] ~= '' and string.sub(field, 1, #ARGV[4]) == ARGV[4] then
      count = count + 1
      bytes = bytes + #field - 1 + redis.call('HSTRLEN', KEYS[1], field)
    else
      redis.call('HDEL', KEYS[1], field)
    end
  end
end
redis.call('HSET', KEYS[1], '${STATE}', state())
${whereWatched(`tell('{"kind":"delete","keys":"all","version":' .. version .. '}')`)}
return written()
`,
)

/**
 * The second step of a login, or of a restoration. KEYS session, ends, logins, ended; ARGV handle, the time of the server at the first
 * step, endsAt, beganAt, then fields and values. A revocation that came between the steps has left the id among those that ended. It stays
 * there for minutes, so a second step that comes later than a minute is too late to be believed.
 */
export const BEGIN = newScript(
  'writes',
  `
if redis.call('TIME')[1] - ARGV[2] > 60 then return ${LATE} end
if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('ZSCORE', KEYS[4], ARGV[1]) then return 'id_taken' end
for i = 5, #ARGV, 1000 do redis.call('HSET', KEYS[1], unpack(ARGV, i, math.min(#ARGV, i + 999))) end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
return 'begun'
`,
)

/**
 * KEYS ends, then sessions; ARGV now, then of each session the tail, usedAt and endsAt, as one. A key ends in the handle. It puts instants
 * in the place of others, and must not fail for want of memory: else all who only read would be logged out while there is none.
 */
export const TOUCH = newScript(
  'frees',
  `${PARSE}
local now, scores = tonumber(ARGV[1]), {}
for i = 2, #KEYS do
  local usedTail, usedAt, endsAt = string.match(ARGV[i], '^(%S+) (%S+) (%S+)$')
  local tail, used, ends, latest = timesIn(redis.call('HGET', KEYS[i], '${TIMES}'))
  if tail == usedTail and tonumber(ends) > now then
    if tonumber(endsAt) > tonumber(latest) then endsAt = latest end
    if tonumber(endsAt) > tonumber(ends) then ends = endsAt end
    if tonumber(usedAt) > tonumber(used) then used = usedAt end
    redis.call('HSET', KEYS[i], '${TIMES}', table.concat({tail, used, ends, latest}, ' '))
    table.insert(scores, ends)
    table.insert(scores, string.sub(KEYS[i], -22))
  end
end
for i = 1, #scores, 1000 do redis.call('ZADD', KEYS[1], 'XX', unpack(scores, i, math.min(#scores, i + 999))) end
`,
)

/**
 * Ends a session of the user, whatever its time, and tells whether it was live. KEYS session, ends, logins, ended; ARGV handle, uname,
 * now, reason. Where there is none, the id is taken all the same: a login that was under way must not begin it after its user's logins ended.
 */
export const END = newScript(
  'frees',
  `${PARSE}
local tail, ends, uname = read(KEYS[1])
if tail and uname ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], 'NX', ARGV[3], ARGV[1])
if not tail or tonumber(ends) <= tonumber(ARGV[3]) then return 0 end
${whereWatched(`tell('{"kind":"end","reason":"' .. ARGV[4] .. '"}')`)}
return 1
`,
)
