import type { SQL } from 'bun'
import { SetupError } from '../../errors.ts'
import { LATEST } from './schema.ts'
import type { Place } from './url.ts'

/** What has to be known of a database before it is used. */
export interface Facts {
  /** As PostgreSQL writes it, such as 15.3, and as it counts it, such as 150003. */
  readonly version: string
  readonly number: number
  readonly encoding: string
  readonly isReadOnly: boolean
  /** Whether the role may make a schema in the database. */
  readonly mayCreate: boolean
  readonly hasSchema: boolean
  /** Whether the role may make tables in the schema that is there. */
  readonly mayFill: boolean
  readonly isOurs: boolean
  /** Whether the schema has tables though it is not ours. */
  readonly isForeign: boolean
  /** Whether the role may read and write every table of the schema. */
  readonly mayUse: boolean
  /** Of the schema; 0: there is none yet. */
  readonly schema: number
}

const OLDEST = 140_000

const READ_FACTS = `
  SELECT current_setting('server_version'), current_setting('server_version_num')::integer,
      current_setting('server_encoding'), current_setting('transaction_read_only')::boolean,
      has_database_privilege(current_database(), 'CREATE'), s.oid IS NOT NULL,
      coalesce(has_schema_privilege(s.oid, 'CREATE') AND has_schema_privilege(s.oid, 'USAGE'), false),
      coalesce(t.is_ours, false), coalesce(t.count > 0 AND NOT t.is_ours, false),
      coalesce(has_schema_privilege(s.oid, 'USAGE') AND t.may_use, false)
    FROM (SELECT to_regnamespace('cloakroom')::oid AS oid) s
    CROSS JOIN LATERAL (
      SELECT count(*) AS count, bool_or(relname = 'schema_version') AS is_ours,
          bool_and(has_table_privilege(oid, 'SELECT') AND has_table_privilege(oid, 'INSERT')
            AND has_table_privilege(oid, 'UPDATE') AND has_table_privilege(oid, 'DELETE')) AS may_use
        FROM pg_class WHERE relnamespace = s.oid AND relkind IN ('r', 'p', 'v', 'm', 'f')
    ) t`

export async function readFacts(client: SQL): Promise<Facts> {
  const [row] = (await client.unsafe(READ_FACTS).values()) as [readonly unknown[]]
  const [version, number, encoding, isReadOnly, mayCreate, hasSchema, mayFill, isOurs, isForeign, mayUse] =
    row
  const isReadable = isOurs === true && mayUse === true
  const [[schema] = [0]] = isReadable
    ? await client.unsafe('SELECT version FROM cloakroom.schema_version').values()
    : []
  return {
    version: String(version),
    number: Number(number),
    encoding: String(encoding),
    isReadOnly: isReadOnly === true,
    mayCreate: mayCreate === true,
    hasSchema: hasSchema === true,
    mayFill: mayFill === true,
    isOurs: isOurs === true,
    isForeign: isForeign === true,
    mayUse: mayUse === true,
    schema: Number(schema),
  }
}

/** Throws a `SetupError` that says what is wrong with the database, and the remedy. */
export function requireUsable(facts: Facts, place: Place): void {
  const wrong = [...wrongServer(facts, place), ...wrongSchema(facts, place)][0]
  if (wrong !== undefined) throw new SetupError(wrong)
}

/** As SQL writes a name. */
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

function* wrongServer(facts: Facts, { hostname, database, username }: Place) {
  if (facts.number < OLDEST) {
    yield `PostgreSQL ${facts.version} at ${hostname} is too old. Upgrade it to ${OLDEST / 10_000} or later.`
  }
  if (facts.encoding !== 'UTF8') {
    yield `The database ${database} at ${hostname} keeps text as ${facts.encoding}, which has no room for all characters. ` +
      `Make another: CREATE DATABASE cloakroom ENCODING 'UTF8' TEMPLATE template0`
  }
  if (facts.isReadOnly) {
    yield `The role ${username} only reads in the database ${database} (default_transaction_read_only is on). Name a role that may ` +
      `write, or: ALTER ROLE ${quoted(username)} SET default_transaction_read_only = off`
  }
}

function* wrongSchema(facts: Facts, { database, username }: Place) {
  if (facts.isForeign) {
    yield `The database ${database} has a schema cloakroom that another program made; it was left as it is. Name another database.`
  }
  if (facts.isOurs && !facts.mayUse) {
    yield `The role ${username} may not use the schema cloakroom in the database ${database}. Connect as the role that made it.`
  }
  if (facts.schema > LATEST) {
    yield `The schema cloakroom in the database ${database} was written by a newer version of Cloakroom (schema ${facts.schema}; this ` +
      `one knows up to ${LATEST}). Run that version, or restore a backup from before the upgrade.`
  }
  if (facts.schema < LATEST && !(facts.hasSchema ? facts.mayFill : facts.mayCreate)) {
    yield `The role ${username} may not make the schema cloakroom in the database ${database}. As a role that may, run: ` +
      `CREATE SCHEMA cloakroom AUTHORIZATION ${quoted(username)}`
  }
}
