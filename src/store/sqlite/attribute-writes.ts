import type { Database } from 'bun:sqlite'
import { type Bounds, sizeOf } from '../bounds.ts'
import { removedFrom } from '../removals.ts'
import { type Condition, LOOKED_AT, type Millis, type Removal, type WriteOutcome } from '../store.ts'
import { isSmall, NOTHING, type Packed, type Pairs, unpack, valueIn, without, withValues } from './packed.ts'
import { ENDS_AT, SESSIONS } from './rows.ts'
import { newNoted } from './uses.ts'

/** A live session, with the count and the bytes of its attributes, and all of them if they are one text. */
interface Found {
  readonly n: number
  readonly version: number
  readonly endsAt: Millis
  readonly latestEndsAt: Millis
  count: number
  bytes: number
  packed: Packed | null
}

type Row = readonly [
  n: number,
  version: number,
  endsAt: Millis,
  latestEndsAt: Millis,
  count: number,
  bytes: number,
  packed: Packed | null,
]

/** The writes of attributes. */
export function attributeWrites(db: Database) {
  const find = db.query(
    'SELECT n, version, ends_at, latest_ends_at, count, bytes, attributes FROM sessions WHERE id = ?',
  )
  // As many sessions as are looked at, should the user have more from before there was a limit.
  const bytesOfOthers = db.query(
    `SELECT ifnull(sum(bytes), 0) FROM (
       SELECT bytes FROM ${SESSIONS} WHERE s.uname = (SELECT uname FROM sessions WHERE n = ?1) AND s.n <> ?1
         AND ${ENDS_AT} > ?2 ORDER BY s.n DESC LIMIT ${LOOKED_AT})`,
  )
  const noted = newNoted(db)
  const update = db.query(
    'UPDATE sessions SET version = ?2, count = ?3, bytes = ?4, attributes = ?5 WHERE n = ?1',
  )
  const size = db.query(
    'SELECT octet_length(key) + octet_length(value) FROM attributes WHERE session = ? AND key = ?',
  )
  const put = db.query(
    'INSERT INTO attributes VALUES (?, ?, ?) ON CONFLICT (session, key) DO UPDATE SET value = excluded.value',
  )
  const remove = db.query('DELETE FROM attributes WHERE session = ? AND key = ?')
  const removeAll = db.query('DELETE FROM attributes WHERE session = ?')
  const keysOf = db.query('SELECT key FROM attributes WHERE session = ?')

  const requireSession = (
    id: string,
    { now, version: required }: Condition,
  ): Found | 'absent' | 'version_differs' => {
    const row = find.values(id)[0] as Row | undefined
    if (row === undefined) return 'absent'
    const [n, version, recordedEnd, latestEndsAt, count, bytes, packed] = row
    const endsAt = Math.max(recordedEnd, noted(n)[1])
    if (endsAt <= now) return 'absent'
    return required === null || required === version
      ? { n, version, endsAt, latestEndsAt, count, bytes, packed }
      : 'version_differs'
  }
  /** Bytes of an attribute, or undefined: it is not there. */
  const sizeIn = ({ n, packed }: Found, key: string): number | undefined => {
    if (packed === null) return size.values(n, key)[0]?.[0] as number | undefined
    const value = valueIn(packed, key)
    return value === undefined ? undefined : sizeOf(key, value)
  }
  const count = (found: Found, pairs: Pairs): void => {
    for (const [key, value] of pairs) {
      const before = sizeIn(found, key)
      if (before === undefined) found.count++
      found.bytes += sizeOf(key, value) - (before ?? 0)
    }
  }
  const putRows = (n: number, pairs: Iterable<readonly [string, string]>): void => {
    for (const [key, value] of pairs) put.run(n, key, value)
  }
  /** Puts into the text, and makes rows of it when it is no longer small. The text with the pairs, or null: they are rows. */
  const putPacked = (n: number, packed: Packed, pairs: Pairs): Packed | null => {
    const after = withValues(packed, pairs)
    if (isSmall(after)) return after
    putRows(n, unpack(after))
    return null
  }
  const removeEach = (found: Found, keys: readonly string[]): void => {
    for (const key of keys) {
      const before = sizeIn(found, key)
      if (before === undefined) continue
      if (found.packed === null) remove.run(found.n, key)
      else found.packed = without(found.packed, key)
      found.count--
      found.bytes -= before
    }
  }
  const unreservedIn = ({ n, packed }: Found): readonly string[] => {
    const present = packed === null ? keysOf.values(n).map(([key]) => key as string) : unpack(packed).keys()
    return removedFrom(present, 'unreserved')
  }
  const written = ({ n, version, endsAt, latestEndsAt, count, bytes, packed }: Found): WriteOutcome => {
    update.run(n, version + 1, count, bytes, packed)
    return { version: version + 1, endsAt, latestEndsAt }
  }

  return {
    putAttributes(id: string, pairs: Pairs, bounds: Bounds, condition: Condition): WriteOutcome {
      const found = requireSession(id, condition)
      if (typeof found === 'string') return found
      const bytesBefore = found.bytes
      count(found, pairs)
      if (found.count > bounds.maxAttributes) return 'too_many'
      if (found.bytes > bounds.maxBytes) return 'too_large'
      if (found.bytes > bounds.shareBytes && found.bytes > bytesBefore) {
        const [[ofOthers]] = bytesOfOthers.values(found.n, condition.now) as [[number]]
        if (ofOthers + found.bytes > bounds.maxUserBytes) return 'user_too_large'
      }
      if (found.packed === null) putRows(found.n, pairs)
      else found.packed = putPacked(found.n, found.packed, pairs)
      return written(found)
    },

    removeAttributes(id: string, keys: Removal, condition: Condition): WriteOutcome {
      const found = requireSession(id, condition)
      if (typeof found === 'string') return found
      if (keys === 'unreserved') removeEach(found, unreservedIn(found))
      else if (keys !== 'all') removeEach(found, keys)
      if (keys !== 'all') return written(found)
      if (found.packed === null) removeAll.run(found.n)
      return written({ ...found, count: 0, bytes: 0, packed: NOTHING })
    },
  }
}
