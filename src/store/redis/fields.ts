import { sizeOfAll } from '../bounds.ts'
import type { Attributes, LiveSession, Millis, StoredSession } from '../store.ts'
import { ATTRIBUTE, tailOf } from './keys.ts'

/**
 * The fields of the hash of a session. Redis keeps a hash as one block of memory, which takes three quarters of the room and of the time, as
 * long as no value in it is longer than 64 bytes (by default: `hash-max-listpack-value`). So what there is to a session takes several
 * fields, where one would do. A longer value, name of a user or user agent costs more, and is as good.
 */
const SHORT = 64

/** Tail of the id, usedAt, endsAt, latestEndsAt: all that a use of it looks at. */
export const TIMES = 't'

/** beganAt, version, number and bytes of the attributes, user. The number and the bytes are there so that a put costs by what it changes. */
export const STATE = 's'

/** Address and user agent, in parts; the last has whatever the others had no room for. */
export const ORIGIN = ['o0', 'o1', 'o2'] as const

/** Lua that takes the fields apart. */
export const PARSE = `
local function timesIn(times)
  return string.match(times or '', '^(%S+) (%S+) (%S+) (%S+)$')
end
local function stateIn(state)
  return string.match(state or '', '^(%S+) (%S+) (%S+) (%S+) (.*)$')
end
-- Tail, end and user of the session of a key; nothing where there is none.
local function read(key)
  local kept = redis.call('HMGET', key, '${TIMES}', '${STATE}')
  local tail, _, ends = timesIn(kept[1])
  local _, _, _, _, uname = stateIn(kept[2])
  return tail, ends, uname
end
`

/** What `HMGET` gives for fields, as far as they are there. */
export type Values = readonly (string | null | undefined)[]

/** The session of which these are `TIMES` and `STATE`, or null if it is not live. The name of a user may have blanks in it. */
export function liveOf(handle: string, [times, state]: Values, now: Millis): LiveSession | null {
  if (times == null || state == null) return null
  const words = times.split(' ')
  const endsAt = Number(words[2])
  if (now >= endsAt) return null
  const more = state.split(' ')
  return {
    id: handle + words[0],
    uname: more.length === 5 ? (more[4] as string) : more.slice(4).join(' '),
    beganAt: Number(more[0]),
    usedAt: Number(words[1]),
    endsAt,
    latestEndsAt: Number(words[3]),
    version: Number(more[1]),
  }
}

/** Bytes of the attributes of the session of which these are `TIMES` and `STATE`. */
export const bytesIn = ([, state]: Values): number => Number(state?.split(' ')[3] ?? 0)

/** Where a login came from, by the values of `ORIGIN`. */
export function originOf(parts: Values): Pick<StoredSession, 'address' | 'userAgent'> {
  const origin = parts.join('')
  const at = origin.indexOf(' ')
  return { address: origin.slice(0, at), userAgent: origin.slice(at + 1) }
}

/** All fields of a session, each with its value behind it. */
export function fieldsOf(session: StoredSession, attributes: Attributes): readonly string[] {
  const { id, uname, beganAt, usedAt, endsAt, latestEndsAt, version } = session
  return [
    ...[TIMES, [tailOf(id), usedAt, endsAt, latestEndsAt].join(' ')],
    ...[STATE, [beganAt, version, attributes.size, sizeOfAll(attributes), uname].join(' ')],
    ...originFields(session),
    ...[...attributes].flatMap(([key, value]) => [ATTRIBUTE + key, value]),
  ]
}

/** Cut between characters, never within one. */
function originFields({ address, userAgent }: StoredSession): readonly string[] {
  const characters = [...`${address} ${userAgent}`]
  const last = ORIGIN.length - 1
  return ORIGIN.flatMap((field, i) => {
    const part = characters.slice(i * SHORT, i === last ? characters.length : (i + 1) * SHORT)
    return part.length === 0 ? [] : [field, part.join('')]
  })
}
