import { Database } from 'bun:sqlite'
import type { Millis } from '../store.ts'
import { BUSY_TIMEOUT } from './busy.ts'
import { ENDS_AT, SESSIONS } from './rows.ts'

/**
 * The thread that counts: each message is a `Question`, each answer a `Counted`, in the same order. It opens the file for each of them, and
 * so keeps nothing from being closed, folded or moved in between.
 */
declare const self: Worker

export interface Question {
  readonly path: string
  readonly uname: string | null
  readonly now: Millis
}

export type Counted = { readonly count: number } | { readonly failed: string }

const OF_USER = `SELECT count(*) FROM ${SESSIONS} WHERE s.uname = ?2 AND ${ENDS_AT} > ?1`

// From the index of ends alone, and from the uses of those sessions of which it knows an end that is over.
const OF_ALL = `
  SELECT (SELECT count(*) FROM sessions WHERE ends_at > ?1)
    + (SELECT count(*) FROM sessions s CROSS JOIN uses u ON u.n = s.n WHERE s.ends_at <= ?1 AND u.ends_at > ?1)`

function count({ path, uname, now }: Question): number {
  const db = new Database(path, { readonly: true, strict: true })
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`)
    const [row] = uname === null ? db.query(OF_ALL).values(now) : db.query(OF_USER).values(now, uname)
    return Number(row?.[0])
  } finally {
    db.close()
  }
}

self.onmessage = ({ data }: MessageEvent<Question>) => {
  let counted: Counted
  try {
    counted = { count: count(data) }
  } catch (error) {
    counted = { failed: String(error) }
  }
  self.postMessage(counted)
}
