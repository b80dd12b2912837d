import type { Database } from 'bun:sqlite'
import {
  handleOf,
  type Millis,
  type Revocation,
  type StoredUser,
  type UserChange,
  type UserOutcome,
  type UserRule,
} from '../store.ts'
import { newEnd } from './ends.ts'
import { ENDS_AT, SESSIONS, userOf } from './rows.ts'

/** The writes of users, and of the secrets that all nodes share. */
export function userWrites(db: Database) {
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
  const live = db.query(`SELECT s.n, id FROM ${SESSIONS} WHERE uname = ? AND ${ENDS_AT} > ?`)
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
