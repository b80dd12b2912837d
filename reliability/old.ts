import { Database } from 'bun:sqlite'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { idOf, newToken } from '../src/session/token.ts'
import { migrate } from '../src/store/sqlite/schema.ts'
import { ADMIN_PASSWORD } from '../test/support/server.ts'
import { attributesOf, type Kept, newKept } from './ledger.ts'

const LIVE = 600
const ENDED = 40

const HOUR = 3_600_000

/**
 * Creates a file of this schema version, as a server of that time would leave it, with live sessions and some
 * whose end was answered. Fills only the first version, whose tables never change; the migrations themselves
 * produce the newer ones.
 */
export async function makeOld(path: string, version: number): Promise<readonly Kept[]> {
  mkdirSync(dirname(path), { recursive: true })
  const hash = await Bun.password.hash(ADMIN_PASSWORD, { algorithm: 'argon2id', memoryCost: 8, timeCost: 1 })
  const db = new Database(path)
  try {
    db.exec('PRAGMA journal_mode = WAL')
    migrate(db, path, 1)
    const known = db.transaction(() => fill(db, hash))()
    migrate(db, path, version)
    return known
  } finally {
    db.close()
  }
}

function fill(db: Database, passwordHash: string): Kept[] {
  const now = Date.now()
  db.query('INSERT INTO users VALUES (?, ?, ?, ?, ?, 0, 1)').run('admin', '', '', passwordHash, '["admin"]')
  const insert = db.query("INSERT INTO sessions VALUES (?, ?, 'admin', ?, ?, ?, ?, '127.0.0.1', '', ?, ?, ?)")
  const put = db.query('INSERT INTO attributes VALUES (?, ?, ?)')
  const live = Array.from({ length: LIVE }, (_, n) => {
    const token = newToken(false)
    const pairs = Object.entries(attributesOf(n))
    const bytes = pairs.reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0)
    insert.run(n, idOf(token), now - HOUR, now, now + 11 * HOUR, now + 11 * HOUR, n, pairs.length, bytes)
    for (const pair of pairs) put.run(n, ...pair)
    return { ...newKept(`zsessionid=${token}`), sent: n, answered: n }
  })
  const end = db.query('INSERT INTO ended VALUES (?, ?)')
  const ended = Array.from({ length: ENDED }, () => {
    const token = newToken(false)
    end.run(idOf(token), now)
    return { ...newKept(`zsessionid=${token}`), end: 'answered' as const }
  })
  return [...live, ...ended]
}

/** Returns the schema version of a file after a kill. Throws if SQLite finds the file damaged. */
export function versionOf(path: string): number {
  const db = new Database(path)
  try {
    const [[damage]] = db.query('PRAGMA integrity_check(1)').values() as [[string]]
    if (damage !== 'ok') throw new Error(`${path}: ${damage}`)
    const [[version]] = db.query('PRAGMA user_version').values() as [[number]]
    return version
  } finally {
    db.close()
  }
}
