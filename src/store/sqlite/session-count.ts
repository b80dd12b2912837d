import type { Database } from 'bun:sqlite'
import type { Millis } from '../store.ts'
import { ENDS_AT, SESSIONS } from './rows.ts'

const OF_USER = `SELECT count(*) FROM ${SESSIONS} WHERE s.uname = ?2 AND ${ENDS_AT} > ?1`

// From the index of ends alone, and from the uses of those sessions of which it knows an end that is over.
const OF_ALL = `
  SELECT (SELECT count(*) FROM sessions WHERE ends_at > ?1)
    + (SELECT count(*) FROM sessions s CROSS JOIN uses u ON u.n = s.n WHERE s.ends_at <= ?1 AND u.ends_at > ?1)`

/** Counts the live sessions of a user or (null) of all. */
export const newCount =
  (db: Database) =>
  (uname: string | null, now: Millis): number => {
    const [row] = uname === null ? db.query(OF_ALL).values(now) : db.query(OF_USER).values(now, uname)
    return Number(row?.[0])
  }
