import type { ReadSession, Store } from '../store.ts'
import type { Pool } from './pool.ts'
import { bytesOf, LIVE_COLUMNS, liveOf, STORED_COLUMNS, storedOf, USER_COLUMNS, userOf } from './rows.ts'

/** A session and its attributes as they are at the one instant that a statement sees. Keys and values as JSON, which any text survives. */
const readSession = (which: string) => `
  SELECT ${LIVE_COLUMNS}, a.keys, a.values
    FROM cloakroom.sessions s
    CROSS JOIN LATERAL (
      SELECT json_agg(key) AS keys, json_agg(value) AS values FROM cloakroom.attributes WHERE session = s.n${which}
    ) a
    WHERE s.id = $1 AND s.ends_at > $2`

const READ_ALL = readSession('')
const READ_NAMED = readSession(' AND key = ANY ($3)')
const READ_NONE = `SELECT ${LIVE_COLUMNS} FROM cloakroom.sessions s WHERE s.id = $1 AND s.ends_at > $2`

const listSessions = (whose: string) => `
  SELECT ${STORED_COLUMNS} FROM cloakroom.sessions s
    WHERE s.ends_at > $1 AND s.n < coalesce($2, 9223372036854775807)${whose} ORDER BY s.n DESC LIMIT $3`

const LIST_ALL = listSessions('')
const LIST_OF_USER = listSessions(' AND s.uname = $4')

const READ_USER = `SELECT ${USER_COLUMNS} FROM cloakroom.users WHERE uname = $1`
const LIST_USERS = `
  SELECT ${USER_COLUMNS} FROM cloakroom.users WHERE $1::text IS NULL OR uname > $1 ORDER BY uname LIMIT $2`

type Reads = Pick<Store, 'readSession' | 'listSessions' | 'readUser' | 'listUsers' | 'listSecrets' | 'ping'>

/** Everything that is read, one statement each. */
export const newReads = (pool: Pool): Reads => ({
  async readSession(id, keys, now): Promise<ReadSession | null> {
    const bytes = bytesOf(id)
    if (bytes === null) return null
    const [text, params] =
      keys === 'all'
        ? [READ_ALL, [bytes, now]]
        : keys.length === 0
          ? [READ_NONE, [bytes, now]]
          : [READ_NAMED, [bytes, now, keys]]
    const [row] = await pool.read(text, params)
    if (row === undefined) return null
    return { ...liveOf(id, row), attributes: attributesOf(row[6], row[7]) }
  },

  async listSessions(uname, after, limit, now) {
    const params = [now, after, limit + 1]
    // Not among the quick reads, which would wait behind it.
    const rows =
      uname === null ? await pool.run(LIST_ALL, params) : await pool.run(LIST_OF_USER, [...params, uname])
    const items = rows.slice(0, limit)
    return { items: items.map(storedOf), next: rows.length > limit ? String(items.at(-1)?.[9]) : null }
  },

  async readUser(uname) {
    const [row] = await pool.read(READ_USER, [uname])
    return row === undefined ? null : userOf(row)
  },

  async listUsers(after, limit) {
    const rows = await pool.run(LIST_USERS, [after, limit + 1])
    const items = rows.slice(0, limit).map(userOf)
    return { items, next: rows.length > limit ? (items.at(-1)?.uname ?? null) : null }
  },

  async listSecrets() {
    const rows = await pool.read('SELECT name, value FROM cloakroom.secrets', [])
    return new Map(rows as unknown as readonly [string, string][])
  },

  async ping() {
    await pool.read('SELECT 1', [])
  },
})

/** Two columns that have their keys and values in the same order, or nulls: there are none. */
function attributesOf(keys: unknown, values: unknown): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>()
  if (!Array.isArray(keys) || !Array.isArray(values)) return attributes
  for (const [i, key] of keys.entries()) attributes.set(key, values[i])
  return attributes
}
