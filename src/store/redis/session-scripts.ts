import { newScript } from './scripts.ts'

/*
 * Fields of a session: i the tail of its id, u user, b beganAt, t usedAt, e endsAt, l latestEndsAt, v version, a address, g user
 * agent; c the number of its attributes and n their bytes, so that a put costs by what it changes; each attribute behind a colon.
 */

/** Finds the session, or returns `absent`; leaves its fields in `s`. */
const LIVE = `
local s = redis.call('HMGET', KEYS[1], 'i', 'e', 'v', 'c', 'n', 'l')
if s[1] ~= ARGV[1] or tonumber(s[2]) <= tonumber(ARGV[2]) then return 'absent' end
if ARGV[3] ~= '' and s[3] ~= ARGV[3] then return 'version_differs' end
`

/** Keeps the count, the bytes and the version, and tells the outcome. */
const WRITTEN = `
local version = tonumber(s[3]) + 1
redis.call('HSET', KEYS[1], 'v', version, 'c', count, 'n', bytes)
return {version, tonumber(s[2]), tonumber(s[6])}
`

/**
 * KEYS session; ARGV tail, now, version or nothing, most attributes, most bytes, then fields and values. Everything is looked at before
 * anything is written, since a script that stops half way leaves what it has done.
 */
export const PUT = newScript(
  'writes',
  `${LIVE}
local count, bytes = tonumber(s[4]), tonumber(s[5])
for i = 6, #ARGV, 2 do
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
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
${WRITTEN}`,
)

/** KEYS session; ARGV tail, now, version or nothing, then fields. */
export const REMOVE = newScript(
  'frees',
  `${LIVE}
local count, bytes = tonumber(s[4]), tonumber(s[5])
for i = 4, #ARGV do
  local size = #ARGV[i] - 1 + redis.call('HSTRLEN', KEYS[1], ARGV[i])
  if redis.call('HDEL', KEYS[1], ARGV[i]) == 1 then
    count = count - 1
    bytes = bytes - size
  end
end
${WRITTEN}`,
)

/** KEYS session; ARGV tail, now, version or nothing. */
export const REMOVE_ALL = newScript(
  'frees',
  `${LIVE}
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.sub(field, 1, 1) == ':' then redis.call('HDEL', KEYS[1], field) end
end
local count, bytes = 0, 0
${WRITTEN}`,
)

/**
 * The second step of a login. KEYS session, ends, logins, ended; ARGV handle, the time of the server at the first step, endsAt,
 * beganAt, then fields and values. A revocation that came between the steps has left the id among those that ended. It stays there
 * for minutes, so a second step that comes later than a minute is too late to be believed.
 */
export const BEGIN = newScript(
  'writes',
  `
if redis.call('TIME')[1] - ARGV[2] > 60 then return 'late' end
if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('ZSCORE', KEYS[4], ARGV[1]) then return 'id_taken' end
redis.call('HSET', KEYS[1], unpack(ARGV, 5))
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
return 'inserted'
`,
)

/** KEYS ends, then sessions; ARGV now, then of each session its handle, tail, usedAt, endsAt. */
export const TOUCH = newScript(
  'writes',
  `
for i = 2, #KEYS do
  local at = 4 * i - 6
  local s = redis.call('HMGET', KEYS[i], 'i', 'e', 't', 'l')
  if s[1] == ARGV[at + 1] and tonumber(s[2]) > tonumber(ARGV[1]) then
    local ends = math.max(tonumber(s[2]), math.min(tonumber(ARGV[at + 3]), tonumber(s[4])))
    local used = math.max(tonumber(s[3]), tonumber(ARGV[at + 2]))
    redis.call('HSET', KEYS[i], 't', string.format('%.0f', used), 'e', string.format('%.0f', ends))
    redis.call('ZADD', KEYS[1], 'XX', ends, ARGV[at])
  end
end
`,
)

/**
 * Ends a session of the user, whatever its time, and tells whether it was live. KEYS session, ends, logins, ended; ARGV handle, uname,
 * now. Where there is none, the id is taken all the same: a login that was under way must not begin it after its user's logins ended.
 */
export const END = newScript(
  'frees',
  `
local s = redis.call('HMGET', KEYS[1], 'u', 'e')
if s[1] and s[1] ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], 'NX', ARGV[3], ARGV[1])
if s[1] and tonumber(s[2]) > tonumber(ARGV[3]) then return 1 end
return 0
`,
)
