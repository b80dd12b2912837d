import { hash } from 'node:crypto'

/** Lua that Redis runs in one step, without anything else in between. */
export interface Script {
  readonly text: string
  /** By which Redis knows it once it has seen it. */
  readonly sha: string
  /** Whether it touches keys that it is not told, but finds in those that it is. */
  readonly isWide: boolean
}

/** What a script returns that did nothing since it came too late. An error, since no answer can be mistaken for it. */
export const LATE = `redis.error_reply('LATE It came too late, and was not done.')`

/** The last argument is the deadline, in milliseconds by the clock of the server. The others are what the rest of the script sees. */
const IN_TIME = `
do
  local latest, clock = tonumber(table.remove(ARGV)), redis.call('TIME')
  if clock[1] * 1000 + clock[2] / 1000 > latest then return ${LATE} end
end
`

/**
 * One that changes anything does so by its deadline or never. `frees`: it runs also where there is no memory left, since what it does gives
 * some back, or ends or keeps a login, which must not fail for that, or is bounded. `reads`: it changes nothing. A script touches keys of one
 * slot alone, as a cluster demands.
 */
export function newScript(kind: 'writes' | 'frees' | 'reads', lua: string): Script {
  const flags = { writes: '', frees: ' flags=allow-oom', reads: ' flags=no-writes' }[kind]
  const text = `#!lua${flags}\n${kind === 'reads' ? '' : IN_TIME}${lua}`
  return { text, sha: hash('sha1', text, 'hex'), isWide: false }
}

/**
 * One that finds keys in other keys. While their slot is on its way to another node, some may be there already. Redis stops it where it
 * comes upon one that has left, so it has to come upon all of them before it changes anything; and where the slot goes to it must not
 * run at all, since what has not arrived yet looks there as if it did not exist.
 */
export const newWideScript: typeof newScript = (kind, lua) => ({ ...newScript(kind, lua), isWide: true })
