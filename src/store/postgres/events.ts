import { pageOf } from '../pages.ts'
import type { Store } from '../store.ts'
import type { Row } from './connection.ts'
import type { Pool } from './pool.ts'
import { isNowhere } from './rows.ts'

/** How events are remembered and forgotten, in one step. */
export const EVENT_FUNCTION = `
  -- Two nodes that forget the same do not wait for each other: one alone does it.
  CREATE OR REPLACE FUNCTION cloakroom.append_events(
    _at bigint[], _kinds text[], _unames text[], _texts text[], _sources text[], _most integer, _since bigint
  ) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    _group record;
  BEGIN
    INSERT INTO cloakroom.events (at, kind, uname, text, source)
      SELECT e.at, e.kind, e.uname, e.text, e.source
        FROM unnest(_at, _kinds, _unames, _texts, _sources) WITH ORDINALITY AS e (at, kind, uname, text, source, place)
        ORDER BY e.place;
    IF NOT pg_try_advisory_xact_lock(1131180897, 4) THEN RETURN; END IF;
    FOR _group IN SELECT DISTINCT g.kind, g.source FROM unnest(_kinds, _sources) AS g (kind, source) LOOP
      DELETE FROM cloakroom.events WHERE kind = _group.kind AND source = _group.source AND n <= (
        SELECT n FROM cloakroom.events WHERE kind = _group.kind AND source = _group.source
          ORDER BY n DESC LIMIT 1 OFFSET _most
      );
    END LOOP;
    -- Up to the first that is younger: they come about in the order of their instants.
    DELETE FROM cloakroom.events WHERE n < coalesce(
      (SELECT n FROM cloakroom.events WHERE at >= _since ORDER BY n LIMIT 1),
      (SELECT max(n) FROM cloakroom.events)
    );
  END $$;

  -- For nodes of an earlier version, which know no sources.
  CREATE OR REPLACE FUNCTION cloakroom.append_events(
    _at bigint[], _kinds text[], _unames text[], _texts text[], _most integer, _since bigint
  ) RETURNS void LANGUAGE sql AS $$
    SELECT cloakroom.append_events(
      _at, _kinds, _unames, _texts, array_fill(''::text, ARRAY[cardinality(_kinds)]), _most, _since
    )
  $$;
`

const APPEND = 'SELECT cloakroom.append_events($1, $2, $3, $4, $5, $6, $7)'
const LIST = `
  SELECT n, at, kind, uname, text, source FROM cloakroom.events
    WHERE n < coalesce($1, 9223372036854775807) AND at >= $2 AND ($3::text IS NULL OR kind = $3) AND ($4::text IS NULL OR uname = $4)
    ORDER BY n DESC LIMIT $5`

/** The part of the store that remembers events. */
export const newEvents = (pool: Pool): Pick<Store, 'appendEvents' | 'listEvents'> => ({
  async appendEvents(events, { most, since }) {
    const columns = [
      events.map(({ at }) => at),
      events.map(({ kind }) => kind),
      events.map(({ uname }) => uname),
      events.map(({ text }) => text),
      events.map(({ source = '' }) => source),
    ]
    await pool.run(APPEND, [...columns, most, since])
  },

  async listEvents({ kind, uname, since }, after, limit) {
    if (isNowhere(kind, uname)) return { items: [], next: null }
    const rows = await pool.run(LIST, [after, since, kind ?? null, uname ?? null, limit + 1])
    const { items, next } = pageOf(rows, limit, ([n]) => String(n))
    const eventOf = ([, at, kind, uname, text, source]: Row) => ({
      at: Number(at),
      kind: kind as string,
      uname: uname as string | null,
      text: text as string,
      ...(source === '' ? {} : { source: source as string }),
    })
    return { items: items.map(eventOf), next }
  },
})
