import type {
  Attributes,
  InsertOutcome,
  NewSession,
  Store,
  StoredSession,
  UserOutcome,
  WriteOutcome,
} from '../store.ts'
import type { Row } from './connection.ts'
import type { Pool } from './pool.ts'
import { bytesOf, isNowhere, rangeOf } from './rows.ts'

/** What a function of so many parameters answers, if it did its work in time. */
const inTime = (name: string, count: number) => {
  const params = Array.from({ length: count }, (_, i) => `$${i + 1}`).join(', ')
  return `SELECT done.*, cloakroom.require_in_time($${count + 1}) FROM cloakroom.${name}(${params}) AS done`
}

const INSERT_SESSION = inTime('insert_session', 9)
const RESTORE_SESSION = inTime('restore_session', 11)
const PUT = inTime('put_attributes', 9)
const REMOVE = inTime('remove_attributes', 4)
const REMOVE_UNRESERVED = inTime('remove_unreserved_attributes', 3)
const END_SESSION = inTime('end_session', 5)
const END_SESSIONS = inTime('end_sessions', 2)
const UPDATE_USER = inTime('update_user', 12)
const DELETE_USER = inTime('delete_user', 4)

/** At any time: what has ended stays so. */
const SWEEP = 'SELECT * FROM cloakroom.sweep($1, $2)'

/**
 * In the order of `n`, as everything locks sessions. A session that is named twice has its latest use. In time: one that was live by `now`
 * may have ended when the statement comes late, and would live again.
 */
const TOUCH = `
  WITH used AS (
    SELECT id, max(used_at) AS used_at, max(ends_at) AS ends_at
      FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS use (id, used_at, ends_at) GROUP BY id
  ), live AS (
    SELECT s.n, used.used_at, least(used.ends_at, s.latest_ends_at) AS ends_at
      FROM used JOIN cloakroom.sessions s USING (id) WHERE s.ends_at > $4 ORDER BY s.n FOR NO KEY UPDATE OF s
  ), touched AS (
    UPDATE cloakroom.sessions s
      SET used_at = greatest(s.used_at, live.used_at), ends_at = greatest(s.ends_at, live.ends_at)
      FROM live WHERE s.n = live.n AND (s.used_at < live.used_at OR s.ends_at < live.ends_at) RETURNING s.n
  )
  SELECT count, cloakroom.require_in_time($5) FROM (SELECT count(*) FROM touched) AS done`

const INSERT_USER = `
  INSERT INTO cloakroom.users VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (uname) DO NOTHING RETURNING cloakroom.require_in_time($8)`

/**
 * At any time: it changes none that is there. That one is written once more, unchanged, since only so is it told by the same statement.
 */
const READ_SECRET = `
  INSERT INTO cloakroom.secrets AS kept VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = kept.value RETURNING value`

const LOOK_AT_COUNTER =
  'SELECT count, ends_at FROM cloakroom.counters WHERE name = $1 AND ends_at > $2 AND ends_at <= $2 + $3::bigint'
/** Holds for a counter that is there and not absent. */
const IS_COUNTED = 'kept.ends_at > $3 AND kept.ends_at <= excluded.ends_at'
const ADD_TO_COUNTER = `
  INSERT INTO cloakroom.counters AS kept VALUES ($1, $2, $3 + $4)
    ON CONFLICT (name) DO UPDATE SET
      count = CASE WHEN ${IS_COUNTED} THEN kept.count ELSE 0 END + excluded.count,
      ends_at = CASE WHEN ${IS_COUNTED} THEN kept.ends_at ELSE excluded.ends_at END
    RETURNING count, ends_at, cloakroom.require_in_time($5)`
const TAKE_FROM_COUNTER = `
  UPDATE cloakroom.counters SET count = greatest(0, count + $3)
    WHERE name = $1 AND ends_at > $2 AND ends_at <= $2 + $4::bigint
    RETURNING count, ends_at, cloakroom.require_in_time($5)`

/** Uses in one statement: few, so that a put which waits for one of their rows waits little. */
const USES = 500

/** What the columns of counts can hold. */
const LARGEST = 2 ** 31 - 1

/** The one row that a function answers with. */
async function only(rows: Promise<readonly Row[]>): Promise<Row> {
  const [row] = await rows
  if (row === undefined) throw new Error('A function of the database answered with no row.')
  return row
}

const outcomeOf = ([outcome, version, endsAt, latestEndsAt]: Row): WriteOutcome =>
  outcome === null
    ? { version: Number(version), endsAt: Number(endsAt), latestEndsAt: Number(latestEndsAt) }
    : (outcome as WriteOutcome)

const userOutcomeOf = ([outcome, ended]: Row): UserOutcome =>
  outcome === null ? { ended: ended as number } : (outcome as UserOutcome)

type Writes = Omit<
  Store,
  | 'readsAtOnce'
  | 'readSession'
  | 'findSessions'
  | 'listSessions'
  | 'watchSession'
  | 'countSessions'
  | 'earliestSessions'
  | 'readUser'
  | 'listUsers'
  | 'listSecrets'
  | 'noteNode'
  | 'listNodes'
  | 'measureBytes'
  | 'appendEvents'
  | 'listEvents'
  | 'ping'
  | 'close'
>

/** Everything that is changed, one statement each, which is a transaction of its own. */
export const newWrites = (pool: Pool): Writes => ({
  async insertSession(session) {
    const [outcome] = await only(pool.change(INSERT_SESSION, paramsOf(session)))
    return outcome as InsertOutcome
  },

  async restoreSession(session, attributes) {
    const [outcome] = await only(pool.change(RESTORE_SESSION, restoredOf(session, attributes)))
    return outcome as 'restored' | 'id_taken'
  },

  async putAttributes(
    id,
    attributes,
    { maxAttributes, maxBytes, shareBytes, maxUserBytes },
    { now, version },
  ) {
    const bytes = bytesOf(id)
    if (bytes === null) return 'absent'
    const bounds = [Math.min(maxAttributes, LARGEST), Math.min(maxBytes, LARGEST)]
    const pairs = [[...attributes.keys()], [...attributes.values()]]
    const params = [bytes, ...pairs, ...bounds, now, version, shareBytes, maxUserBytes]
    return outcomeOf(await only(pool.change(PUT, params)))
  },

  async removeAttributes(id, keys, { now, version }) {
    const bytes = bytesOf(id)
    if (bytes === null) return 'absent'
    if (keys === 'unreserved')
      return outcomeOf(await only(pool.change(REMOVE_UNRESERVED, [bytes, now, version])))
    return outcomeOf(await only(pool.change(REMOVE, [bytes, keys === 'all' ? null : keys, now, version])))
  },

  async touchSessions(uses, now) {
    const known = uses.filter(({ id }) => bytesOf(id) !== null)
    for (let at = 0; at < known.length; at += USES) {
      const some = known.slice(at, at + USES)
      const ids = some.map(({ id }) => bytesOf(id))
      await pool.change(TOUCH, [ids, some.map(({ usedAt }) => usedAt), some.map(({ endsAt }) => endsAt), now])
    }
  },

  // Not known without asking the database.
  positionOf: () => null,

  async endSession(handle, uname, reason, now) {
    const [ended] = await only(pool.change(END_SESSION, [...rangeOf(handle), uname, reason, now]))
    return ended as boolean
  },

  async endSessions(limit, now) {
    const [ended] = await only(pool.change(END_SESSIONS, [limit, now]))
    return ended as number
  },

  async sweepSessions(endedBefore, limit) {
    let all = 0
    for (;;) {
      const [swept, more] = await only(pool.run(SWEEP, [endedBefore, limit - all]))
      all += swept as number
      if (more === false) return all
    }
  },

  async insertUser(user) {
    const { uname, fullname, email, passwordHash, roles, disabled, generation } = user
    const params = [uname, fullname, email, passwordHash, roles, disabled, generation]
    return (await pool.change(INSERT_USER, params)).length === 1
  },

  async updateUser(uname, change, revocation, { now, keeper, generation }) {
    const { fullname = null, email = null, passwordHash = null, roles = null, disabled = null } = change
    if (isNowhere(uname)) return 'absent'
    const staying = revocation?.except ?? null
    const range = staying === null ? [null, null] : rangeOf(staying)
    const changes = [fullname, email, passwordHash, roles, disabled, revocation?.generation ?? null]
    return userOutcomeOf(
      await only(pool.changeLong(UPDATE_USER, [uname, ...changes, ...range, now, keeper, generation])),
    )
  },

  async deleteUser(uname, { now, keeper, generation }) {
    if (isNowhere(uname)) return 'absent'
    return userOutcomeOf(await only(pool.changeLong(DELETE_USER, [uname, now, keeper, generation])))
  },

  async readSecret(name, candidate) {
    const [value] = await only(pool.run(READ_SECRET, [name, candidate]))
    return value as string
  },

  async addToCounter(name, by, window, now) {
    const [row] =
      by > 0
        ? await pool.change(ADD_TO_COUNTER, [name, by, now, window])
        : by < 0
          ? await pool.change(TAKE_FROM_COUNTER, [name, now, by, window])
          : await pool.read(LOOK_AT_COUNTER, [name, now, window])
    return row === undefined
      ? { count: 0, endsAt: now + window }
      : { count: Number(row[0]), endsAt: Number(row[1]) }
  },
})

function requiredBytesOf(id: string): Uint8Array {
  const bytes = bytesOf(id)
  if (bytes === null) throw new TypeError('An id is 43 characters of base64url.')
  return bytes
}

function restoredOf(session: StoredSession, attributes: Attributes): readonly unknown[] {
  const { uname, beganAt, usedAt, endsAt, latestEndsAt, address, userAgent, version } = session
  return [
    ...[requiredBytesOf(session.id), uname, beganAt, usedAt, endsAt, latestEndsAt, address, userAgent],
    ...[version, [...attributes.keys()], [...attributes.values()]],
  ]
}

function paramsOf(session: NewSession): readonly unknown[] {
  const id = requiredBytesOf(session.id)
  const { uname, generation, beganAt, endsAt, latestEndsAt, address, userAgent, maxSessions } = session
  return [id, uname, generation, beganAt, endsAt, latestEndsAt, address, userAgent, maxSessions]
}
