import type { SQL } from 'bun'
import { SetupError } from '../../errors.ts'
import type { Millis, Store } from '../store.ts'
import { newClient } from './connection.ts'
import { newEvents } from './events.ts'
import { type Facts, readFacts, requireUsable } from './facts.ts'
import { Listener } from './listener.ts'
import { newNodes } from './nodes.ts'
import { Pool, type Reach } from './pool.ts'
import { newReads } from './reads.ts'
import { LATEST, migrate } from './schema.ts'
import { setupErrorOf } from './sentences.ts'
import { requireUnused } from './unused.ts'
import { type Place, placeOf } from './url.ts'
import { newWrites } from './writes.ts'

/** How a database is opened. */
export interface PostgresOptions extends Reach {
  /** Whether the schema is made if it is missing. */
  readonly create: boolean
  /** As for a file: whether a server or a copy opens it, and no command that works beside a server. */
  readonly alone?: boolean
  /** Whether a server opens it. If not, a schema that nodes of an older version use is refused and not migrated. */
  readonly isServer?: boolean
}

/** The patience of a start; whoever waits for one wants to be told within five seconds. */
const START: Millis = 6_000

/**
 * A store in a PostgreSQL database, which any number of processes can share: none of them holds anything that another lacks. Everything
 * is in a schema of its own, `cloakroom`. Throws a `SetupError` that names what is wrong and the remedy if it cannot be used.
 */
export async function openPostgresStore(url: string, options: PostgresOptions): Promise<Store> {
  const place = placeOf(url)
  await withClient(place, async (client) => {
    const facts = await readFacts(client)
    requireUsable(facts, place)
    if (facts.schema === 0 && !options.create) throw emptyError(place, options)
    if (facts.schema === LATEST) return
    await migrate(client, async (transaction, schema) => {
      if (options.isServer === false) await requireUnused(transaction, schema, place)
    })
    // Another node may have been of another opinion meanwhile.
    requireUsable(await readFacts(client), place)
  })
  const pool = new Pool(place, options)
  const listener = new Listener(pool, place, options.timeout)
  return {
    readsAtOnce: false,
    ...newReads(pool),
    ...newWrites(pool),
    ...newEvents(pool),
    ...newNodes(pool),
    watchSession: (id, tell) => listener.watches.watch(id, tell),
    close: async () => {
      await listener.close()
      await pool.close()
    },
  }
}

/** A copy from an empty database would copy nothing, also once a server has made the schema; so the remedy is another database alone. */
const emptyError = ({ database, hostname }: Place, { alone }: PostgresOptions) =>
  new SetupError(
    `Cloakroom keeps nothing in the database ${database} at ${hostname} yet. ` +
      `Name another one with --store${alone ? '' : '; cloakroom serve makes the schema in this one'}.`,
  )

/** Says in one sentence how a database is, and changes nothing. Throws a `SetupError` if a server could not start on it. */
export async function checkPostgres(url: string): Promise<string> {
  const place = placeOf(url)
  const { version, schema } = await withClient(place, async (client): Promise<Facts> => {
    const facts = await readFacts(client)
    requireUsable(facts, place)
    return facts
  })
  const state =
    schema === 0
      ? 'no schema cloakroom yet; the first start makes it'
      : `Cloakroom database, schema ${schema}${schema < LATEST ? `, which the next start of a server upgrades to ${LATEST}` : ''}`
  return `${place.database} at ${place.hostname}: PostgreSQL ${version}, ${state}.`
}

/** Whether anybody is in a database that a server could start on. Changes nothing. */
export const hasUsers = (url: string): Promise<boolean> =>
  withClient(placeOf(url), async (client) => {
    const { schema } = await readFacts(client)
    return schema > 0 && (await client.unsafe('SELECT 1 FROM cloakroom.users LIMIT 1').values()).length > 0
  })

async function withClient<T>(place: Place, work: (client: SQL) => Promise<T>): Promise<T> {
  const client = newClient(place, START)
  try {
    return await work(client)
  } catch (error) {
    throw setupErrorOf(error, place)
  } finally {
    await client.close({ timeout: 0 })
  }
}
