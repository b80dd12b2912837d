import type { Database } from 'bun:sqlite'
import type { Bounds, Condition, Millis, WriteOutcome } from '../store.ts'

/** The writes of attributes. */
export function attributeWrites(db: Database) {
  const find = db.query(
    'SELECT n, version, ends_at, latest_ends_at, count, bytes FROM sessions WHERE id = ? AND ends_at > ?',
  )
  const update = db.query('UPDATE sessions SET version = ?2, count = ?3, bytes = ?4 WHERE n = ?1')
  const size = db.query(
    'SELECT octet_length(key) + octet_length(value) FROM attributes WHERE session = ? AND key = ?',
  )
  const put = db.query(
    'INSERT INTO attributes VALUES (?, ?, ?) ON CONFLICT (session, key) DO UPDATE SET value = excluded.value',
  )
  const remove = db.query('DELETE FROM attributes WHERE session = ? AND key = ?')
  const removeAll = db.query('DELETE FROM attributes WHERE session = ?')

  interface Found {
    readonly n: number
    readonly version: number
    readonly endsAt: Millis
    readonly latestEndsAt: Millis
    count: number
    bytes: number
  }
  const requireSession = (
    id: string,
    { now, version: required }: Condition,
  ): Found | 'absent' | 'version_differs' => {
    const row = find.values(id, now)[0] as [number, number, number, number, number, number] | undefined
    if (row === undefined) return 'absent'
    const [n, version, endsAt, latestEndsAt, count, bytes] = row
    return required === null || required === version
      ? { n, version, endsAt, latestEndsAt, count, bytes }
      : 'version_differs'
  }
  const written = ({ n, version, endsAt, latestEndsAt, count, bytes }: Found): WriteOutcome => {
    update.run(n, version + 1, count, bytes)
    return { version: version + 1, endsAt, latestEndsAt }
  }
  const sizeOf = (n: number, key: string) => size.values(n, key)[0]?.[0] as number | undefined

  return {
    putAttributes(
      id: string,
      attributes: readonly (readonly [string, string])[],
      { maxAttributes, maxBytes }: Bounds,
      condition: Condition,
    ): WriteOutcome {
      const found = requireSession(id, condition)
      if (typeof found === 'string') return found
      for (const [key, value] of attributes) {
        const before = sizeOf(found.n, key)
        if (before === undefined) found.count++
        found.bytes += Buffer.byteLength(key) + Buffer.byteLength(value) - (before ?? 0)
      }
      if (found.count > maxAttributes) return 'too_many'
      if (found.bytes > maxBytes) return 'too_large'
      for (const [key, value] of attributes) put.run(found.n, key, value)
      return written(found)
    },

    removeAttributes(id: string, keys: readonly string[] | 'all', condition: Condition): WriteOutcome {
      const found = requireSession(id, condition)
      if (typeof found === 'string') return found
      if (keys === 'all') {
        removeAll.run(found.n)
        return written({ ...found, count: 0, bytes: 0 })
      }
      for (const key of keys) {
        const before = sizeOf(found.n, key)
        if (before === undefined) continue
        remove.run(found.n, key)
        found.count--
        found.bytes -= before
      }
      return written(found)
    },
  }
}
