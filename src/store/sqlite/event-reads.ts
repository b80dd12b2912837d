import type { Database } from 'bun:sqlite'
import { pageOf } from '../pages.ts'
import type { EventFilter, Millis, Page, StoredEvent } from '../store.ts'

type Row = readonly [n: number, at: Millis, kind: string, uname: string | null, text: string, source: string]

/** The reads of events. There are so few that they are looked through in one go. */
export function eventReads(db: Database) {
  const list = (which: string) =>
    db.query(
      `SELECT n, at, kind, uname, text, source FROM events
         WHERE n < ?1 AND at >= ?2 AND (?3 IS NULL OR kind = ?3) AND (?4 IS NULL OR uname = ?4)${which} ORDER BY n DESC LIMIT ?5`,
    )
  // What SQLite knows to be there it finds by the index.
  const [ofAll, ofUser, ofKind] = [list(''), list(' AND uname = ?4'), list(' AND kind = ?3')]

  return {
    listEvents({ kind, uname, since }: EventFilter, after: string | null, limit: number): Page<StoredEvent> {
      const from = after === null ? Number.MAX_SAFE_INTEGER : Number(after)
      const found = uname !== undefined ? ofUser : kind !== undefined ? ofKind : ofAll
      const rows = found.values(from, since, kind ?? null, uname ?? null, limit + 1) as unknown as Row[]
      const { items, next } = pageOf(rows, limit, ([n]) => String(n))
      return { items: items.map(eventFrom), next }
    },
  }
}

const eventFrom = ([, at, kind, uname, text, source]: Row): StoredEvent => ({
  at,
  kind,
  uname,
  text,
  ...(source === '' ? {} : { source }),
})
