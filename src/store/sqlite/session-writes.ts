import type { Database } from 'bun:sqlite'
import { sizeOfAll } from '../bounds.ts'
import type { EndReason, InsertOutcome, Millis, NewSession, StoredSession } from '../store.ts'
import { newEnd, newRemove } from './ends.ts'
import { isSmall, NOTHING, type Pairs, withValues } from './packed.ts'
import { BY_HANDLE, ENDS_AT, SESSIONS } from './rows.ts'
import { newNoted } from './uses.ts'

/**
 * A use, with the number of the session where it is known, else its id. Should that session have been deleted a moment ago and another one
 * have got its number, then that has begun as recently, and its times do not move.
 */
export type PlacedUse = readonly [place: number | string, usedAt: Millis, endsAt: Millis]

/** A session that was ended. */
export interface Ended {
  readonly id: string
  readonly reason: EndReason
}

const countIn = ([row]: readonly unknown[][]) => Number(row?.[0])

/** The writes of sessions. */
export function sessionWrites(db: Database) {
  const user = db.query('SELECT 1 FROM users WHERE uname = ? AND generation = ? AND NOT disabled')
  // The index alone says that there are few, which is so nearly always.
  const countAll = db.query('SELECT count(*) FROM (SELECT 1 FROM sessions WHERE uname = ? LIMIT ?)')
  const countLive = db.query(
    `SELECT count(*) FROM (SELECT 1 FROM ${SESSIONS} WHERE uname = ?1 AND ${ENDS_AT} > ?3 LIMIT ?2)`,
  )
  const insert = db.query(
    `INSERT INTO sessions (id, uname, began_at, used_at, ends_at, latest_ends_at, address, user_agent, version, count, bytes, attributes)
     VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, 1, 0, 0, ?8) ON CONFLICT (id) DO NOTHING`,
  )
  // Behind all others in the order of logins, from -1 on down.
  const restore = db.query(
    `INSERT INTO sessions
     VALUES ((SELECT min(0, ifnull(min(n), 0)) - 1 FROM sessions), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING RETURNING n`,
  )
  const put = db.query('INSERT INTO attributes VALUES (?, ?, ?)')
  const touched = 'SELECT n, used_at, ends_at, latest_ends_at FROM sessions WHERE'
  const touchedById = db.query(`${touched} id = ?`)
  const touchedByN = db.query(`${touched} n = ?`)
  const noted = newNoted(db)
  const use = db.query(
    `INSERT INTO uses VALUES (?1, ?2, ?3)
     ON CONFLICT (n) DO UPDATE SET used_at = max(used_at, ?2), ends_at = max(ends_at, ?3)`,
  )
  const extend = db.query('UPDATE sessions SET ends_at = ?2 WHERE n = ?1')
  const isThere = db.query('SELECT 1 FROM sessions WHERE id = ?')
  const wasEnded = db.query('SELECT 1 FROM ended WHERE id = ?')
  const find = db.query(
    `SELECT s.n, id FROM ${SESSIONS} WHERE ${BY_HANDLE} AND ${ENDS_AT} > ?2 AND (?3 IS NULL OR uname = ?3)`,
  )
  const live = db.query(`SELECT s.n, id FROM ${SESSIONS} WHERE ${ENDS_AT} > ? LIMIT ?`)
  const expired = db.query(
    `SELECT s.n, id FROM ${SESSIONS} WHERE s.ends_at <= ?1 AND ifnull(u.ends_at, 0) <= ?1 LIMIT ?2`,
  )
  const sweepEnded = db.query(
    'DELETE FROM ended WHERE id IN (SELECT id FROM ended WHERE ended_at <= ? LIMIT ?) RETURNING id',
  )
  const sweepCounters = db.query(
    'DELETE FROM counters WHERE name IN (SELECT name FROM counters WHERE ends_at <= ? LIMIT ?) RETURNING NULL',
  )
  const remove = newRemove(db)
  const end = newEnd(db)

  return {
    insertSession(session: NewSession): InsertOutcome {
      const { uname, maxSessions, beganAt } = session
      if (user.values(session.uname, session.generation).length === 0) return 'user_changed'
      if (wasEnded.values(session.id).length > 0) return 'id_taken'
      const isFull =
        countIn(countAll.values(uname, maxSessions)) >= maxSessions &&
        countIn(countLive.values(uname, maxSessions, beganAt)) >= maxSessions
      if (isFull) return isThere.values(session.id).length > 0 ? 'id_taken' : 'too_many'
      const { changes } = insert.run(
        session.id,
        session.uname,
        session.beganAt,
        session.endsAt,
        session.latestEndsAt,
        session.address,
        session.userAgent,
        NOTHING,
      )
      return changes === 1 ? 'inserted' : 'id_taken'
    },

    restoreSession(session: StoredSession, pairs: Pairs): 'restored' | 'id_taken' {
      if (wasEnded.values(session.id).length > 0) return 'id_taken'
      const packed = withValues(NOTHING, pairs)
      const areRows = !isSmall(packed)
      const [row] = restore.values(
        session.id,
        session.uname,
        session.beganAt,
        session.usedAt,
        session.endsAt,
        session.latestEndsAt,
        session.address,
        session.userAgent,
        session.version,
        pairs.length,
        sizeOfAll(pairs),
        areRows ? null : packed,
      )
      if (row === undefined) return 'id_taken'
      if (areRows) for (const [key, value] of pairs) put.run(row[0] as number, key, value)
      return 'restored'
    },

    touchSessions(uses: readonly PlacedUse[], now: Millis): void {
      for (const [place, usedAt, endsAt] of uses) {
        const find = typeof place === 'number' ? touchedByN : touchedById
        const row = find.values(place)[0] as [number, Millis, Millis, Millis] | undefined
        if (row === undefined) continue
        const [n, recordedUse, recordedEnd, latestEnd] = row
        if (recordedEnd <= now && noted(n)[1] <= now) continue
        const end = Math.max(recordedEnd, Math.min(endsAt, latestEnd))
        use.run(n, Math.max(recordedUse, usedAt), end)
        // The sweep looks for ends in the index of the sessions. They follow now and then, since an index costs more than all the rest.
        if (recordedEnd - now < (end - now) / 2) extend.run(n, end)
      }
    },

    /** The session that ended, with the reason for whoever watches it, or null. */
    endSession(handle: string, uname: string | null, reason: EndReason, now: Millis): Ended | null {
      const rows = find.values(handle, now, uname)
      return end(rows, now) === 0 ? null : { id: rows[0]?.[1] as string, reason }
    },

    endSessions: (limit: number, now: Millis): number => end(live.values(now, limit), now),

    /** The ids that were freed, and a null for each counter. */
    sweepSessions(endedBefore: Millis, limit: number): readonly (string | null)[] {
      const rows = expired.values(endedBefore, limit)
      for (const [n] of rows) remove(n as number)
      const swept = rows.map(([, id]) => id)
      for (const sweep of [sweepEnded, sweepCounters])
        swept.push(...sweep.values(endedBefore, limit - swept.length).flat())
      return swept as (string | null)[]
    },
  }
}
