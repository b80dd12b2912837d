import type { SQL } from 'bun'
import { SetupError } from '../../errors.ts'
import { olderInUse } from '../older.ts'
import { LATEST } from './schema.ts'
import type { Place } from './url.ts'

/** Nodes that report what they do, by the clock of the database. */
const COUNT_NODES = `
  SELECT count(*)::integer FROM cloakroom.nodes WHERE ends_at > extract(epoch FROM clock_timestamp()) * 1000`

/** Nodes of a schema before 4 report nothing; each keeps connections of this name open. */
const COUNT_CONNECTIONS = `
  SELECT count(*)::integer FROM pg_stat_activity
    WHERE application_name = 'cloakroom' AND datname = current_database() AND pid <> pg_backend_pid()`

/** Throws a `SetupError` if nodes use a schema that is older than this program's: all of them are of an older version then. */
export async function requireUnused(transaction: SQL, schema: number, place: Place): Promise<void> {
  const [[hasNodes]] = await transaction.unsafe(`SELECT to_regclass('cloakroom.nodes') IS NOT NULL`).values()
  const [[count]] = await transaction.unsafe(hasNodes ? COUNT_NODES : COUNT_CONNECTIONS).values()
  if (Number(count) === 0) return
  throw new SetupError(
    olderInUse({
      store: `The database ${place.database} at ${place.hostname}`,
      schema,
      newest: LATEST,
      use: hasNodes ? inUse(Number(count)) : 'servers of an older version are connected to it',
      remedy: 'Update the servers first',
    }),
  )
}

const inUse = (count: number) =>
  count === 1
    ? 'a server of an older version is running on it, or was less than 80 seconds ago'
    : `${count} servers of an older version are running on it, or were less than 80 seconds ago`
