import { constants, Database } from 'bun:sqlite'
import { constants as access, accessSync, existsSync, realpathSync, statSync } from 'node:fs'
import { SetupError } from '../../errors.ts'
import { refusedSentence } from './ownership.ts'
import { type Packed, unpack } from './packed.ts'
import { requirePlace } from './place.ts'
import { NEWEST, requireOurs } from './schema.ts'
import { sentenceOf } from './sentences.ts'

/**
 * Says in one sentence how a database is, and changes nothing. `deep` reads every page and compares what is counted twice. Throws a
 * `SetupError` if a server could not start on it.
 */
export function checkSqlite(path: string, deep: boolean): string {
  requirePlace(path)
  if (!existsSync(path)) {
    return `${path} does not exist yet; the first start makes it.`
  }
  let db: Database | null = null
  try {
    const refused = refusedSentence(realpathSync(path))
    if (refused !== null) throw new SetupError(refused)
    accessSync(path, access.R_OK)
    if (hasJournal(path)) {
      return `${path} was left in the midst of a change by a process that was killed, or is being made just now; the next start brings it in order.`
    }
    db = open(path)
    const version = requireOurs(db, path)
    // An empty file is what a start leaves that was killed at once; the next one makes the tables.
    const damage = deep && version > 0 ? findDamage(db, version) : null
    if (damage !== null) {
      throw new SetupError(
        `${path} is damaged: ${damage}. Stop the server and restore a backup in its place.`,
      )
    }
    if (version === 0) return `${path}: empty; the next start makes a Cloakroom database of it.`
    const upgrade = version < NEWEST ? `, which the next start upgrades to ${NEWEST}` : ''
    return `${path}: Cloakroom database, schema ${version}${upgrade}${deep ? ', no damage found' : ''}.`
  } catch (error) {
    throw new SetupError(sentenceOf(error, path), { cause: error })
  } finally {
    db?.close()
  }
}

/** Whether anybody is in a database that a server could start on. Changes nothing. */
export function hasUsers(path: string): boolean {
  if (!existsSync(path) || hasJournal(path)) return false
  let db: Database | null = null
  try {
    db = open(path)
    return requireOurs(db, path) > 0 && db.query('SELECT 1 FROM users LIMIT 1').values().length > 0
  } catch (error) {
    throw new SetupError(sentenceOf(error, path), { cause: error })
  } finally {
    db?.close()
  }
}

/** A first start that is killed leaves a journal, and without it the file means nothing. To play it back would be a change. */
function hasJournal(path: string): boolean {
  const journal = `${realpathSync(path)}-journal`
  return existsSync(journal) && statSync(journal).size > 0
}

/** A log beside it means that a server runs or was killed, so it must be read; without one, not even the index of a log is made. */
function open(path: string): Database {
  const file = realpathSync(path)
  if (existsSync(`${file}-wal`)) return new Database(file, { readonly: true })
  const url = `file:${encodeURI(file).replaceAll('?', '%3f').replaceAll('#', '%23')}?immutable=1`
  return new Database(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI)
}

/** The first version of the schema that keeps small sessions as one text, and uses in a table of their own. */
const PACKED_SINCE = 3

/** What is damaged in a database of this version of the schema, or null. */
function findDamage(db: Database, version: number): string | null {
  const [[integrity]] = db.query('PRAGMA integrity_check(1)').values() as [[string]]
  // Behind a line that says which database it is.
  if (integrity !== 'ok') return integrity.split('\n').at(-1) ?? integrity
  const hasPacked = version >= PACKED_SINCE
  const miscounted = countMiscountedRows(db, hasPacked) + (hasPacked ? countMiscountedTexts(db) : 0)
  if (miscounted > 0) return `${miscounted} sessions do not have the attributes that were counted`
  const attributes = ['attributes', 'session'] as const
  for (const [table, column] of hasPacked ? [attributes, ['uses', 'n'] as const] : [attributes]) {
    const [[orphans]] = db
      .query(`SELECT count(*) FROM ${table} WHERE ${column} NOT IN (SELECT n FROM sessions)`)
      .values() as [[number]]
    if (orphans > 0) return `${orphans} ${table} belong to no session`
  }
  return null
}

/** How many sessions have other attributes as rows than was counted when they were written. `hasPacked`: some sessions have none as rows. */
function countMiscountedRows(db: Database, hasPacked: boolean): number {
  const packed = hasPacked ? 's.attributes' : 'NULL'
  const [[miscounted]] = db
    .query(
      `SELECT count(*) FROM sessions s LEFT JOIN
         (SELECT session, count(*) AS count, sum(octet_length(key) + octet_length(value)) AS bytes FROM attributes GROUP BY session) a
       ON a.session = s.n
       WHERE ${packed} IS NULL AND (s.count <> coalesce(a.count, 0) OR s.bytes <> coalesce(a.bytes, 0))
          OR ${packed} IS NOT NULL AND a.count > 0`,
    )
    .values() as [[number]]
  return miscounted
}

/** How many sessions have other attributes in their own text than was counted when they were written. */
function countMiscountedTexts(db: Database): number {
  let miscounted = 0
  const texts = db.query('SELECT count, bytes, attributes FROM sessions WHERE attributes IS NOT NULL')
  for (const { count, bytes, attributes } of texts.iterate() as Iterable<{
    count: number
    bytes: number
    attributes: Packed
  }>) {
    const sizes = [...unpack(attributes)].map((pair) => Buffer.byteLength(pair.join('')))
    if (sizes.length !== count || sizes.reduce((sum, size) => sum + size, 0) !== bytes) miscounted++
  }
  return miscounted
}
