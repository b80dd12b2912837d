import type { Database } from 'bun:sqlite'
import {
  type Bounds,
  type Condition,
  handleOf,
  type Millis,
  type NewSession,
  type Revocation,
  type StoredUser,
  type Use,
  type UserChange,
  type UserOutcome,
  type UserRule,
  type WriteOutcome,
} from '../store.ts'

/** Everything that changes the file, by name: what the thread that writes is asked for. Each runs inside a transaction of the caller's. */
export type Writes = ReturnType<typeof newWrites>

export function newWrites(db: Database) {
  return {
    ...sessionWrites(db),
    ...attributeWrites(db),
    ...userWrites(db),
    /** Changes nothing; that it can be committed says that the file can be written. */
    ping(): void {},
  }
}

/** Holds for the one id that begins with the handle: `~` is behind all of base64url. A part of a handle is none. */
const BY_HANDLE = `id >= ?1 AND id < ?1 || '~' AND length(?1) = 22`

function sessionWrites(db: Database) {
  const user = db.query('SELECT 1 FROM users WHERE uname = ? AND generation = ? AND NOT disabled')
  const insert = db.query(
    `INSERT INTO sessions (id, uname, began_at, used_at, ends_at, latest_ends_at, address, user_agent, version, count, bytes)
     VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, 1, 0, 0) ON CONFLICT (id) DO NOTHING`,
  )
  const touch = db.query(
    `UPDATE sessions SET used_at = max(used_at, ?2), ends_at = max(ends_at, min(?3, latest_ends_at))
     WHERE ${BY_HANDLE} AND ends_at > ?4 RETURNING id`,
  )
  const wasEnded = db.query('SELECT 1 FROM ended WHERE id = ?')
  const find = db.query(
    `SELECT n, id FROM sessions WHERE ${BY_HANDLE} AND ends_at > ?2 AND (?3 IS NULL OR uname = ?3)`,
  )
  const live = db.query('SELECT n, id FROM sessions WHERE ends_at > ? LIMIT ?')
  const expired = db.query('SELECT n FROM sessions WHERE ends_at <= ? LIMIT ?')
  const sweepEnded = db.query(
    'DELETE FROM ended WHERE id IN (SELECT id FROM ended WHERE ended_at <= ? LIMIT ?)',
  )
  const remove = newRemove(db)
  const end = newEnd(db)

  return {
    insertSession(session: NewSession): 'inserted' | 'id_taken' | 'user_changed' {
      if (user.values(session.uname, session.generation).length === 0) return 'user_changed'
      if (wasEnded.values(session.id).length > 0) return 'id_taken'
      const { changes } = insert.run(
        session.id,
        session.uname,
        session.beganAt,
        session.endsAt,
        session.latestEndsAt,
        session.address,
        session.userAgent,
      )
      return changes === 1 ? 'inserted' : 'id_taken'
    },

    /** The ids of the sessions that were touched. */
    touchSessions(uses: readonly Use[], now: Millis): readonly string[] {
      return uses.flatMap(
        ({ handle, usedAt, endsAt }) => touch.values(handle, usedAt, endsAt, now).flat() as string[],
      )
    },

    /** The id of the session that ended, or null. */
    endSession(handle: string, uname: string | null, now: Millis): string | null {
      const rows = find.values(handle, now, uname)
      return end(rows, now) === 0 ? null : (rows[0]?.[1] as string)
    },

    endSessions: (limit: number, now: Millis): number => end(live.values(now, limit), now),

    sweepSessions(endedBefore: Millis, limit: number): number {
      const found = expired.values(endedBefore, limit)
      for (const [n] of found) remove(n as number)
      return found.length + sweepEnded.run(endedBefore, limit - found.length).changes
    },
  }
}

/** Deletes a session with its attributes. */
function newRemove(db: Database) {
  const session = db.query('DELETE FROM sessions WHERE n = ?')
  const attributes = db.query('DELETE FROM attributes WHERE session = ?')
  return (n: number) => {
    attributes.run(n)
    session.run(n)
  }
}

/** Ends the sessions of these rows, each the columns `n, id`; how many. Deleted and not marked, so that no clock can revive them. */
function newEnd(db: Database) {
  const remove = newRemove(db)
  const remember = db.query('INSERT INTO ended VALUES (?, ?)')
  return (rows: readonly unknown[][], now: Millis): number => {
    for (const [n, id] of rows) {
      remove(n as number)
      remember.run(id as string, now)
    }
    return rows.length
  }
}

function attributeWrites(db: Database) {
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

/** A row of `users` as a `StoredUser`, for `SELECT * FROM users`. */
export function userOf(row: readonly unknown[]): StoredUser {
  const [uname, fullname, email, passwordHash, roles, disabled, generation] = row as [
    string,
    string,
    string,
    string,
    string,
    number,
    number,
  ]
  return {
    uname,
    fullname,
    email,
    passwordHash,
    roles: JSON.parse(roles),
    disabled: disabled === 1,
    generation,
  }
}

function userWrites(db: Database) {
  const insert = db.query('INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (uname) DO NOTHING')
  const read = db.query('SELECT * FROM users WHERE uname = ?')
  const keepers = db.query(
    'SELECT uname FROM users WHERE NOT disabled AND ? IN (SELECT value FROM json_each(roles)) LIMIT 2',
  )
  const update = db.query(
    `UPDATE users SET fullname = ?2, email = ?3, password_hash = ?4, roles = ?5, disabled = ?6, generation = ?7
     WHERE uname = ?1`,
  )
  const remove = db.query('DELETE FROM users WHERE uname = ?')
  const live = db.query('SELECT n, id FROM sessions WHERE uname = ? AND ends_at > ?')
  const secret = db.query('INSERT INTO secrets VALUES (?, ?) ON CONFLICT (name) DO NOTHING')
  const readSecret = db.query('SELECT value FROM secrets WHERE name = ?')
  const end = newEnd(db)

  const columnsOf = (user: StoredUser) =>
    [
      user.uname,
      user.fullname,
      user.email,
      user.passwordHash,
      JSON.stringify(user.roles),
      user.disabled ? 1 : 0,
      user.generation,
    ] as const
  const find = (uname: string): StoredUser | null => {
    const row = read.values(uname)[0]
    return row === undefined ? null : userOf(row)
  }
  const endAllOf = (uname: string, except: string | null, now: Millis) =>
    end(
      live.values(uname, now).filter(([, id]) => handleOf(id as string) !== except),
      now,
    )
  const isLive = (uname: string, handle: string, now: Millis) =>
    live.values(uname, now).some(([, id]) => handleOf(id as string) === handle)
  const requireUser = (uname: string, staying: string | null, { now, generation }: UserRule) => {
    const user = find(uname)
    if (user === null) return 'absent'
    const isSame = generation === null || generation === user.generation
    return isSame && (staying === null || isLive(uname, staying, now)) ? user : 'changed'
  }
  const isLast = (uname: string, keeper: string) => {
    const found = keepers.values(keeper)
    return found.length === 1 && found[0]?.[0] === uname
  }

  return {
    insertUser: (user: StoredUser): boolean => insert.run(...columnsOf(user)).changes === 1,

    updateUser(
      uname: string,
      change: UserChange,
      revocation: Revocation | null,
      rule: UserRule,
    ): UserOutcome {
      const except = revocation?.except ?? null
      const user = requireUser(uname, except, rule)
      if (typeof user === 'string') return user
      const changed = { ...user, ...change, generation: revocation?.generation ?? user.generation }
      const keeps = !changed.disabled && changed.roles.includes(rule.keeper)
      if (!keeps && isLast(uname, rule.keeper)) return 'last'
      update.run(...columnsOf(changed))
      return { ended: revocation === null ? 0 : endAllOf(uname, except, rule.now) }
    },

    deleteUser(uname: string, rule: UserRule): UserOutcome {
      const user = requireUser(uname, null, rule)
      if (typeof user === 'string') return user
      if (isLast(uname, rule.keeper)) return 'last'
      remove.run(uname)
      return { ended: endAllOf(uname, null, rule.now) }
    },

    readSecret(name: string, candidate: string): string {
      secret.run(name, candidate)
      return readSecret.values(name)[0]?.[0] as string
    },
  }
}
