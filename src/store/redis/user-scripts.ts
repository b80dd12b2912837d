import { newScript, newWideScript } from './scripts.ts'

/** Counts an enabled user in (1) or out (-1) at each of the roles. */
const COUNT_ROLES = `
local function countRoles(keepers, roles, disabled, by)
  if disabled == '1' then return end
  local seen = {}
  for _, role in ipairs(cjson.decode(roles)) do
    if not seen[role] and redis.call('HINCRBY', keepers, role, by) == 0 then redis.call('HDEL', keepers, role) end
    seen[role] = true
  end
end
local function keeps(roles, disabled, keeper)
  if disabled == '1' then return false end
  for _, role in ipairs(cjson.decode(roles)) do
    if role == keeper then return true end
  end
  return false
end
`

/** KEYS user, names, keepers; ARGV uname, roles, disabled, then fields and values. */
export const INSERT_USER = newScript(
  'writes',
  `${COUNT_ROLES}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
redis.call('ZADD', KEYS[2], 0, ARGV[1])
countRoles(KEYS[3], ARGV[2], ARGV[3], 1)
return 1
`,
)

/** Names and fields of users. KEYS names; ARGV where to begin, limit, what the keys of users begin with. */
export const LIST_USERS = newWideScript(
  'reads',
  `
local found = {}
for _, uname in ipairs(redis.call('ZRANGEBYLEX', KEYS[1], ARGV[1], '+', 'LIMIT', 0, ARGV[2])) do
  table.insert(found, {uname, redis.call('HGETALL', ARGV[3] .. uname)})
end
return found
`,
)

/**
 * The first step of a login. KEYS user, index; ARGV generation, member, latestEndsAt, beganAt, most sessions. The time of the server, in
 * seconds, or nothing: the user has changed; or `full`: the index has as many as may be, live or not. It adds the session to the index before there is one, so that whatever ends the user's logins from
 * now on finds it there. What ended a day ago by any clock leaves the index, should nobody else have taken it out.
 */
export const ADMIT = newScript(
  'writes',
  `
local user = redis.call('HMGET', KEYS[1], 'generation', 'disabled')
if user[1] ~= ARGV[1] or user[2] ~= '0' then return false end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[4] - 86400000)
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then return 'full' end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[2])
return redis.call('TIME')[1]
`,
)

/**
 * The first step of a restoration, which is the same whatever the user is. KEYS index; ARGV member, latestEndsAt. The time of the server,
 * in seconds. A second step that does not come leaves a member of the index that has no session, as a login does.
 */
export const EXPECT = newScript(
  'writes',
  `
redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1])
return redis.call('TIME')[1]
`,
)

/**
 * Notes that sessions of a user are ending. They stay in the index until they have ended, so that a revocation that comes meanwhile
 * ends them too and is complete when it is answered.
 */
const DECIDE = `
local function decide(ending, members)
  local now = redis.call('TIME')[1]
  for _, member in ipairs(members) do redis.call('ZADD', ending, now, member .. ' ' .. uname) end
end
`

/**
 * Decides that sessions of a user end. KEYS ending; ARGV uname, then members. From here on they end, whoever does it, and none of them
 * can be the one that a revocation spares.
 */
export const DECIDE_ENDS = newScript(
  'frees',
  `local uname = ARGV[1]
${DECIDE}
decide(KEYS[1], {unpack(ARGV, 2)})
`,
)

/**
 * Sessions of a user have ended. KEYS index, ending; ARGV uname, then members, at least one. All at once: a key that is gone with the first of
 * them would stop the script at the second while its slot is on its way.
 */
export const SETTLE_ENDS = newScript(
  'frees',
  `
local ending = {}
for i = 2, #ARGV do ending[i - 1] = ARGV[i] .. ' ' .. ARGV[1] end
redis.call('ZREM', KEYS[1], unpack(ARGV, 2))
redis.call('ZREM', KEYS[2], unpack(ending))
`,
)

/** What changes of users have in common: KEYS user, names, keepers, index, ending; ARGV uname, keeper, generation or nothing, … */
const REQUIRE_USER = `
local uname = ARGV[1]
local user = redis.call('HMGET', KEYS[1], 'roles', 'disabled', 'generation')
if not user[1] then return 'absent' end
if ARGV[3] ~= '' and ARGV[3] ~= user[3] then return 'changed' end
local function isLast()
  return keeps(user[1], user[2], ARGV[2]) and redis.call('HGET', KEYS[3], ARGV[2]) == '1'
end
`

/**
 * … whether it revokes (0, 1), the member to spare or nothing, roles or nothing, disabled or nothing, then fields and values. The
 * members of the sessions that end. In one step with the generation, so that a login is either among them or refused.
 */
export const UPDATE_USER = newScript(
  'frees',
  `${COUNT_ROLES}${REQUIRE_USER}${DECIDE}
if ARGV[5] ~= '' then
  local isEnding = redis.call('ZSCORE', KEYS[5], ARGV[5] .. ' ' .. uname)
  if isEnding or not redis.call('ZSCORE', KEYS[4], ARGV[5]) then return 'changed' end
end
local roles = ARGV[6] ~= '' and ARGV[6] or user[1]
local disabled = ARGV[7] ~= '' and ARGV[7] or user[2]
if isLast() and not keeps(roles, disabled, ARGV[2]) then return 'last' end
-- In this order, in which what counts them is never gone: a key that comes into being again would stop the script while its slot is on its way.
countRoles(KEYS[3], roles, disabled, 1)
countRoles(KEYS[3], user[1], user[2], -1)
if #ARGV > 7 then redis.call('HSET', KEYS[1], unpack(ARGV, 8)) end
if ARGV[4] == '0' then return {} end
local members, spared = {}, string.sub(ARGV[5], 1, 22)
for _, member in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
  -- By the handle: a login whose id was taken may have left it here with another instant.
  if string.sub(member, 1, 22) ~= spared then table.insert(members, member) end
end
decide(KEYS[5], members)
return members
`,
)

/** The same for a deletion. */
export const DELETE_USER = newScript(
  'frees',
  `${COUNT_ROLES}${REQUIRE_USER}${DECIDE}
if isLast() then return 'last' end
countRoles(KEYS[3], user[1], user[2], -1)
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], uname)
local members = redis.call('ZRANGE', KEYS[4], 0, -1)
decide(KEYS[5], members)
return members
`,
)

/** Sessions whose end was decided, by whoever did not finish it in time. KEYS ending; ARGV seconds, limit. */
export const LEFT_ENDING = newScript(
  'reads',
  `
local until_ = redis.call('TIME')[1] - ARGV[1]
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', until_, 'LIMIT', 0, ARGV[2])
`,
)

/** KEYS secrets; ARGV name, candidate. */
export const SECRET = newScript(
  'writes',
  `
redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
return redis.call('HGET', KEYS[1], ARGV[1])
`,
)
