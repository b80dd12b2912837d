import { hash } from 'node:crypto'
import { handleOf } from '../store.ts'

/**
 * The names of all keys. What stands in braces settles the slot of a cluster, and so which keys one script may touch: a session shares
 * its slot with the indexes of its shard, and all users share theirs with the lists of their sessions.
 */

/**
 * So many parts are the sessions and the counters spread over. More would spread them more evenly over the nodes of a cluster, fewer
 * would make it quicker to list or sweep all of them, which asks every part.
 */
const SHARDS = 256

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The indexes of a part of all sessions, and its counters. */
export interface Shard {
  readonly tag: string
  /** Sorted set: handle, by the end. */
  readonly ends: string
  /** Sorted set: handle, by the login. */
  readonly logins: string
  /** Sorted set: handle of a session that was ended, and whose id is taken, by the instant of that. */
  readonly ended: string
  /** Hash: name of a counter to its count and its end. */
  readonly counters: string
  /** Sorted set: name of a counter, by its end. */
  readonly counterEnds: string
}

export const shards: readonly Shard[] = Array.from({ length: SHARDS }, (_, i) => {
  const tag = `cloakroom:{${i.toString(16).padStart(2, '0')}}:`
  return {
    tag,
    ends: `${tag}ends`,
    logins: `${tag}logins`,
    ended: `${tag}ended`,
    counters: `${tag}counters`,
    counterEnds: `${tag}counter-ends`,
  }
})

const shardAt = (i: number): Shard => {
  const shard = shards[i]
  if (shard === undefined) throw new Error(`There is no shard ${i}.`)
  return shard
}

/** Whether this can be a handle: whatever else somebody sends is not looked for. */
export const isHandle = (text: string): boolean => /^[\w-]{22}$/.test(text)

/** The shard of a handle, which is random: its first eight bits. */
export const shardOf = (handle: string): Shard =>
  shardAt((digits.indexOf(handle[0] ?? '') << 2) | (digits.indexOf(handle[1] ?? '') >> 4))

/** The shard of a counter, whose name may be any text. */
export const shardOfName = (name: string): Shard =>
  shardAt(Number.parseInt(hash('sha1', name, 'hex').slice(0, 2), 16))

/** Hash: a session with its attributes. */
export const sessionKey = (handle: string): string => `${shardOf(handle).tag}s:${handle}`

/** What of the id is not in the key. */
export const tailOf = (id: string): string => id.slice(handleOf(id).length)

/** On which it is published what is done to a session; in the slot of its key. */
export const channelOf = (id: string): string => sessionKey(handleOf(id)) + tailOf(id)

/** Before the key of each attribute, so that none can be taken for a field of the session itself. */
export const ATTRIBUTE = ':'

const USERS = 'cloakroom:{users}:'

/** Sorted set of the names of all users, in the order of their bytes. */
export const NAMES = `${USERS}names`
/** Hash: role to the number of enabled users who have it. */
export const KEEPERS = `${USERS}keepers`
/** Sorted set of sessions whose end has been decided and may not have happened yet, by the instant of the decision. */
export const ENDING = `${USERS}ending`
/** Hash: name of a secret to the secret. */
export const SECRETS = `${USERS}secrets`
/** Hash: a user. */
export const userKey = (uname: string): string => `${USERS}u:${uname}`
/** Sorted set of the sessions of a user, by the end that no use can move. */
export const indexKey = (uname: string): string => `${USERS}s:${uname}`

/** Hash: name of a node to what it says of itself. All nodes are in one slot, since all are read at once. */
export const REPORTS = 'cloakroom:{nodes}:reports'
/** Sorted set: name of a node, by the end of what it says. */
export const REPORT_ENDS = 'cloakroom:{nodes}:ends'

const EVENTS = 'cloakroom:{events}:'

/** Sorted set of the numbers of all events, by themselves. */
export const EVENT_NUMBERS = `${EVENTS}numbers`
/** Hash: the number of an event to its instant, its kind and source, its user and its text. */
export const EVENT_TEXTS = `${EVENTS}texts`
/** What the key of the sorted set of the numbers of one kind and source begins with. */
export const EVENT_KIND = `${EVENTS}k:`

/** What the index of a user and `ENDING` hold of a session: the handle, and the instant of its login, for the order of lists. */
export const memberOf = (handle: string, beganAt: number | string): string => handle + beganAt
export const handleIn = (member: string): string => member.slice(0, 22)
export const beganAtIn = (member: string): number => Number(member.slice(22))
