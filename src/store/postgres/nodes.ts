import type { Store } from '../store.ts'
import type { Pool } from './pool.ts'

/**
 * Its own row first, and of the others those alone that nobody else is at: so no two nodes wait for each other, though both come back
 * after their ends.
 */
const NOTE = `
  WITH noted AS (
    INSERT INTO cloakroom.nodes VALUES ($1, $2, $3)
      ON CONFLICT (name) DO UPDATE SET text = excluded.text, ends_at = excluded.ends_at RETURNING name
  ), ended AS (
    SELECT n.name FROM cloakroom.nodes n CROSS JOIN noted
      WHERE n.ends_at <= $4 AND n.name <> noted.name FOR UPDATE OF n SKIP LOCKED
  )
  DELETE FROM cloakroom.nodes n USING ended WHERE n.name = ended.name`

const LIST = 'SELECT name, text, ends_at FROM cloakroom.nodes WHERE ends_at > $1'

/** Ours alone: others may keep much in the same database. */
const MEASURE = `
  SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relnamespace = 'cloakroom'::regnamespace AND relkind = 'r'`

type Nodes = Pick<Store, 'noteNode' | 'listNodes' | 'measureBytes'>

/** What nodes say of themselves, and what all of it takes. */
export const newNodes = (pool: Pool): Nodes => ({
  async noteNode({ name, text, endsAt }, now) {
    await pool.run(NOTE, [name, text, endsAt, now])
  },

  async listNodes(now) {
    const rows = await pool.read(LIST, [now])
    return rows.map(([name, text, endsAt]) => ({
      name: String(name),
      text: String(text),
      endsAt: Number(endsAt),
    }))
  },

  async measureBytes() {
    // Not among the quick reads, which would wait behind it.
    const [row] = await pool.run(MEASURE, [])
    return Number(row?.[0])
  },
})
