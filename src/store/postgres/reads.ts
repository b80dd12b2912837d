import { pageOf } from '../pages.ts'
import { LOOKED_AT, type ReadSession, type Store } from '../store.ts'
import type { Row } from './connection.ts'
import type { Pool } from './pool.ts'
import {
  bytesOf,
  idOf,
  isNowhere,
  LIVE_COLUMNS,
  liveOf,
  rangeOf,
  STORED_COLUMNS,
  storedOf,
  USER_COLUMNS,
  userOf,
} from './rows.ts'

/** The id of no session. */
const NO_ID = Buffer.alloc(32)

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

const FIND = `SELECT ${LIVE_COLUMNS}, s.id FROM cloakroom.sessions s WHERE s.id = ANY ($1) AND s.ends_at > $2`

const IS_MEANT = 's.ends_at > $1 AND ($2::text IS NULL OR s.address = $2)'

/** Those that are meant among as many as may be looked at, and the last of these in any case, which says where to go on. */
const listSessions = (whose: string) => `
  SELECT ${STORED_COLUMNS}, ${IS_MEANT}, s.place = $5 FROM (
    SELECT *, row_number() OVER (ORDER BY n DESC) AS place FROM cloakroom.sessions
      WHERE n < coalesce($3, 9223372036854775807)${whose} ORDER BY n DESC LIMIT $5
  ) s WHERE ${IS_MEANT} OR s.place = $5 ORDER BY s.n DESC LIMIT $4`

const LIST_ALL = listSessions('')
const LIST_OF_USER = listSessions(' AND uname = $6')
const LIST_ONE = `
  SELECT ${STORED_COLUMNS} FROM cloakroom.sessions s
    WHERE ${IS_MEANT} AND s.id BETWEEN $3 AND $4 AND ($5::text IS NULL OR s.uname = $5)`

const EARLIEST = `
  SELECT ${STORED_COLUMNS} FROM cloakroom.sessions s WHERE s.uname = $1 AND s.ends_at > $2 ORDER BY s.n LIMIT $3`

/** More sessions than this are not counted one by one. */
const COUNTED = 100_000
const COUNT_OF_USER = 'SELECT count(*) FROM cloakroom.sessions WHERE ends_at > $1 AND uname = $2'
const COUNT_ALL = `SELECT count(*) FROM (SELECT FROM cloakroom.sessions WHERE ends_at > $1 LIMIT ${COUNTED + 1}) s`

/** As the planner does it: the rows that a page had when the table was last analyzed, on as many pages as there are now. */
const ESTIMATE = `
  SELECT reltuples / greatest(1, relpages) * (pg_relation_size(oid) / current_setting('block_size')::int)
    FROM pg_class WHERE oid = 'cloakroom.sessions'::regclass`

const READ_USER = `SELECT ${USER_COLUMNS} FROM cloakroom.users WHERE uname = $1`
const LIST_USERS = `
  SELECT ${USER_COLUMNS} FROM cloakroom.users WHERE $1::text IS NULL OR uname > $1 ORDER BY uname LIMIT $2`

type Reads = Pick<
  Store,
  | 'readSession'
  | 'findSessions'
  | 'listSessions'
  | 'countSessions'
  | 'earliestSessions'
  | 'readUser'
  | 'listUsers'
  | 'listSecrets'
  | 'ping'
>

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

  async findSessions(ids, now) {
    const wanted = ids.map(bytesOf).filter((bytes) => bytes !== null)
    if (wanted.length === 0) return []
    const rows = await pool.read(FIND, [wanted, now])
    const found = new Map(rows.map((row) => [idOf(row[6] as Uint8Array), row]))
    return ids.flatMap((id) => {
      const row = found.get(id)
      return row === undefined ? [] : liveOf(id, row)
    })
  },

  async listSessions({ uname, address, handle }, after, limit, now) {
    // Behind the cursor of another store there is nothing.
    const isBehind = after === null || /^-?\d+$/.test(after)
    if (!isBehind || isNowhere(uname, address)) return { items: [], next: null }
    const which = [now, address ?? null]
    // Not among the quick reads, which would wait behind it.
    if (handle !== undefined) {
      const rows = await pool.run(LIST_ONE, [...which, ...rangeOf(handle), uname ?? null])
      return { items: rows.map(storedOf), next: null }
    }
    const params = [...which, after, limit + 1, limit + LOOKED_AT]
    const rows =
      uname === undefined
        ? await pool.run(LIST_ALL, params)
        : await pool.run(LIST_OF_USER, [...params, uname])
    const found = rows.filter((columns) => columns[10])
    const items = found.slice(0, limit)
    const last = found.length > limit ? items.at(-1) : rows.find((columns) => columns[11])
    return { items: items.map(storedOf), next: last === undefined ? null : String(last[9]) }
  },

  async earliestSessions(uname, limit, now) {
    return isNowhere(uname) ? [] : (await pool.run(EARLIEST, [uname, now, limit])).map(storedOf)
  },

  async countSessions(uname, now) {
    if (isNowhere(uname)) return 0
    if (uname !== null) return countIn(await pool.run(COUNT_OF_USER, [now, uname]))
    const count = countIn(await pool.run(COUNT_ALL, [now]))
    return count <= COUNTED ? count : Math.max(count, Math.round(countIn(await pool.run(ESTIMATE, []))))
  },

  async readUser(uname) {
    if (isNowhere(uname)) return null
    const [row] = await pool.read(READ_USER, [uname])
    return row === undefined ? null : userOf(row)
  },

  async listUsers(after, limit) {
    // No name holds a NUL, so nothing is between what comes before the first one and the whole.
    const [behind = null] = after?.split('\0') ?? []
    const rows = await pool.run(LIST_USERS, [behind, limit + 1])
    return pageOf(rows.map(userOf), limit, ({ uname }) => uname)
  },

  async listSecrets() {
    const rows = await pool.read('SELECT name, value FROM cloakroom.secrets', [])
    return new Map(rows as unknown as readonly [string, string][])
  },

  // As a request reads, so that a table which nobody can read is no store that answers.
  async ping() {
    await pool.read(READ_NONE, [NO_ID, 0])
  },
})

const countIn = ([row]: readonly Row[]) => Number(row?.[0])

/** Two columns that have their keys and values in the same order, or nulls: there are none. */
function attributesOf(keys: unknown, values: unknown): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>()
  if (!Array.isArray(keys) || !Array.isArray(values)) return attributes
  for (const [i, key] of keys.entries()) attributes.set(key, values[i])
  return attributes
}
