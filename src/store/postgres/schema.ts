import type { SQL } from 'bun'
import { ATTRIBUTE_FUNCTIONS } from './attribute-functions.ts'
import { DEADLINE_FUNCTION } from './deadline.ts'
import { EVENT_FUNCTION } from './events.ts'
import { RESTORE_FUNCTION } from './restore-function.ts'
import { SESSION_FUNCTIONS } from './session-functions.ts'
import { EVENT_SOURCES, EVENTS_TABLE, NODES_TABLE, RESTORED, TABLES, WATCH_TABLES } from './tables.ts'
import { USER_FUNCTIONS } from './user-functions.ts'
import { WATCH_FUNCTIONS } from './watch-functions.ts'

/**
 * Each entry takes the tables from the version that is its index to the next one. An entry that was released is never changed. Where only
 * functions change the entry is empty.
 */
const migrations: readonly string[] = [
  TABLES,
  RESTORED,
  EVENTS_TABLE,
  NODES_TABLE,
  WATCH_TABLES,
  '',
  EVENT_SOURCES,
  '',
  '',
  '',
]

/**
 * The functions of the latest version, which are made anew at every step up. One that nodes of an earlier version may still call stays, or
 * they would fail until they are stopped.
 */
const functions = [
  DEADLINE_FUNCTION,
  SESSION_FUNCTIONS,
  ATTRIBUTE_FUNCTIONS,
  USER_FUNCTIONS,
  RESTORE_FUNCTION,
  EVENT_FUNCTION,
  WATCH_FUNCTIONS,
].join('')

/** The version that this program makes and knows. */
export const LATEST = migrations.length

/** Marks the schema as ours. */
const FIRST = `
  CREATE TABLE cloakroom.schema_version (version integer NOT NULL);
  INSERT INTO cloakroom.schema_version VALUES (0);
`

/**
 * Brings the schema to the version that this program knows, all or nothing. Of many nodes that start at once one does it, and the others
 * wait for that. A schema that is newer is left as it is. `mayMigrate` throws if one that is older has to stay so.
 */
export async function migrate(
  client: SQL,
  mayMigrate: (transaction: SQL, schema: number) => Promise<void>,
): Promise<void> {
  await client.begin(async (transaction) => {
    const run = (text: string) => transaction.unsafe(text).simple()
    // For the length of this transaction: another node may have much to do, though not without an end.
    await run(
      "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '1min'; SELECT pg_advisory_xact_lock(1131180897, 1)",
    )
    const [[hasSchema, hasVersion]] = await transaction
      .unsafe(
        `SELECT to_regnamespace('cloakroom') IS NOT NULL, to_regclass('cloakroom.schema_version') IS NOT NULL`,
      )
      .values()
    // Made beforehand by somebody who may, for a role that may not.
    if (!hasSchema) await run('CREATE SCHEMA cloakroom')
    if (!hasVersion) await run(FIRST)
    const [[version]] = await transaction.unsafe('SELECT version FROM cloakroom.schema_version').values()
    if (version >= LATEST) return
    if (version > 0) await mayMigrate(transaction, version)
    for (const step of migrations.slice(version)) await run(step)
    await run(functions)
    await run(`UPDATE cloakroom.schema_version SET version = ${LATEST}`)
  })
}
