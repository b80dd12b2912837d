import type { Database } from 'bun:sqlite'
import { LOOKED_AT, type Millis, type Page, type SessionFilter, type StoredSession } from '../store.ts'
import { BY_HANDLE, ENDS_AT, SESSIONS, STORED_COLUMNS, type StoredRow, storedOf } from './rows.ts'

/** Lists the live sessions that are meant, as the contract says. */
export function newSessionLists(db: Database) {
  const listed = `SELECT ${STORED_COLUMNS} FROM ${SESSIONS} WHERE ${ENDS_AT} > ?2 AND (?3 IS NULL OR s.address = ?3)`
  const byHandle = db.query(`${listed} AND ${BY_HANDLE} AND (?4 IS NULL OR s.uname = ?4)`)
  const ofAll = newWalk(db, listed, '')
  const ofUser = newWalk(db, listed, ' AND s.uname = ?4')

  return (
    { uname, address, handle }: SessionFilter,
    after: string | null,
    limit: number,
    now: Millis,
  ): Page<StoredSession> => {
    const params: Params = [now, address ?? null, uname ?? null]
    if (handle !== undefined) {
      const rows = byHandle.values(handle, ...params) as unknown as StoredRow[]
      return { items: rows.map(storedOf), next: null }
    }
    const walk = uname === undefined ? ofAll : ofUser
    const { rows, left } = walk(after === null ? Number.MAX_SAFE_INTEGER : Number(after), limit, params)
    const items = rows.slice(0, limit)
    const next = rows.length > limit ? (items.at(-1)?.[0] ?? null) : left
    return { items: items.map(storedOf), next: next === null ? null : String(next) }
  }
}

/** Sessions that are looked at in one go. */
const STEP = 500

/** Sessions of a user that are looked at besides those that are found: each is in a place of its own in the file. */
const LOOKED_AT_OF_USER = 500

/** Before every number of a session. */
const FIRST = Number.MIN_SAFE_INTEGER

/** Goes backwards through the sessions of all or of a user. `listed` has the parameters 2 to 4, of which the last is the user. */
function newWalk(db: Database, listed: string, whose: string) {
  const matching = db.query(`${listed}${whose} AND s.n < ?1 AND s.n >= ?5 ORDER BY s.n DESC LIMIT ?6`)
  // The number of the last session of a step; none: there are fewer left.
  const lastOf = db.query(
    `SELECT s.n FROM sessions s WHERE s.n < ?1${whose} ORDER BY s.n DESC LIMIT 1 OFFSET ?5 - 1`,
  )
  /** At most one more than the limit, and where to go on if those that may be looked at had not as many (null: there are no more). */
  return (from: number, limit: number, params: Params) => {
    const most = limit + (whose === '' ? LOOKED_AT : LOOKED_AT_OF_USER)
    const rows: StoredRow[] = []
    let at = from
    for (let looked = 0; looked < most; looked += STEP) {
      const step = Math.min(STEP, most - looked)
      const last = (lastOf.values(at, ...params, step)[0]?.[0] ?? null) as number | null
      const room = limit + 1 - rows.length
      rows.push(...(matching.values(at, ...params, last ?? FIRST, room) as unknown as StoredRow[]))
      if (rows.length > limit || last === null) return { rows, left: null }
      at = last
    }
    return { rows, left: at }
  }
}

type Params = readonly [now: Millis, address: string | null, uname: string | null]
