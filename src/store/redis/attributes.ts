import {
  type Condition,
  handleOf,
  RESERVED,
  type ReadSession,
  type Store,
  type WriteOutcome,
} from '../store.ts'
import { liveOf, STATE, TIMES, type Values } from './fields.ts'
import { ATTRIBUTE, isHandle, sessionKey, tailOf } from './keys.ts'
import type { Link } from './link.ts'
import type { Script } from './scripts.ts'
import { PUT, REMOVE, REMOVE_ALL } from './session-scripts.ts'
import type { UserIndex } from './user-index.ts'

type Attributes = Pick<Store, 'readSession' | 'findSessions' | 'putAttributes' | 'removeAttributes'>

/** Reading and writing attributes, each in one round trip. */
export function newAttributes(link: Link, bytesOfOthers: UserIndex['bytesOfOthers']): Attributes {
  const write = async (
    script: Script,
    id: string,
    { now, version }: Condition,
    args: readonly string[],
  ): Promise<WriteOutcome> => {
    const handle = handleOf(id)
    if (!isHandle(handle)) return 'absent'
    const condition = [tailOf(id), String(now), version === null ? '' : String(version)]
    const outcome = await link.write(script, [sessionKey(handle)], [...condition, ...args])
    if (!Array.isArray(outcome)) return outcome as WriteOutcome
    const [newVersion, endsAt, latestEndsAt] = outcome as [number, number, number]
    return { version: newVersion, endsAt, latestEndsAt }
  }

  return {
    async readSession(id, keys, now) {
      const handle = handleOf(id)
      if (!isHandle(handle)) return null
      const key = sessionKey(handle)
      const found = keys === 'all' ? await readAll(link, key) : await readSome(link, key, keys)
      const session = liveOf(handle, found.own, now)
      if (session === null || session.id !== id) return null
      return { ...session, attributes: found.attributes }
    },

    async findSessions(ids, now) {
      const found = ids.map(async (id) => {
        const handle = handleOf(id)
        if (!isHandle(handle)) return null
        const session = liveOf(handle, (await readSome(link, sessionKey(handle), [])).own, now)
        return session?.id === id ? session : null
      })
      return (await Promise.all(found)).filter((session) => session !== null)
    },

    async putAttributes(id, attributes, { maxAttributes, maxBytes, shareBytes, maxUserBytes }, condition) {
      const pairs = [...attributes].flatMap(([key, value]) => [ATTRIBUTE + key, value])
      const putWithin = (bytes: number) =>
        write(PUT, id, condition, [String(maxAttributes), String(maxBytes), String(bytes), ...pairs])
      const outcome = await putWithin(shareBytes)
      if (outcome !== 'user_too_large') return outcome
      // Only now: most sessions never grow beyond their share. The others are in other slots, so a script cannot look at them.
      const left = maxUserBytes - (await bytesOfOthers(id, condition.now))
      return left <= shareBytes ? outcome : putWithin(left)
    },

    removeAttributes: (id, keys, condition) =>
      keys === 'all' || keys === 'unreserved'
        ? write(REMOVE_ALL, id, condition, [keys === 'all' ? '' : ATTRIBUTE + RESERVED])
        : write(
            REMOVE,
            id,
            condition,
            keys.map((key) => ATTRIBUTE + key),
          ),
  }
}

/** The fields of the session itself, and attributes. */
interface Found {
  readonly own: Values
  readonly attributes: ReadSession['attributes']
}

async function readSome(link: Link, key: string, keys: readonly string[]): Promise<Found> {
  const words = ['HMGET', key, TIMES, STATE]
  for (const each of keys) words.push(ATTRIBUTE + each)
  const values = (await link.read(key, words)) as Values
  const attributes = new Map<string, string>()
  for (let i = 0; i < keys.length; i++) {
    const value = values[i + 2]
    if (value != null) attributes.set(keys[i] as string, value)
  }
  return { own: values, attributes }
}

async function readAll(link: Link, key: string): Promise<Found> {
  const all = (await link.read(key, ['HGETALL', key])) as readonly string[]
  let times: string | null = null
  let state: string | null = null
  const attributes = new Map<string, string>()
  for (let i = 0; i < all.length; i += 2) {
    const [field, value] = [all[i] as string, all[i + 1] as string]
    if (field.startsWith(ATTRIBUTE)) attributes.set(field.slice(ATTRIBUTE.length), value)
    else if (field === TIMES) times = value
    else if (field === STATE) state = value
  }
  return { own: [times, state], attributes }
}
