/**
 * How whoever watches a session is told of it. A notification makes its transaction wait for every other that notifies, so one is sent only
 * where somebody watches. It goes by the clock of the database.
 */
export const WATCH_FUNCTIONS = `
  -- Locks the sessions, and so waits for writes under way that could not see yet that somebody watches. Whoever writes later sees it.
  CREATE OR REPLACE FUNCTION cloakroom.watch(_node text, _ids bytea[]) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    -- What a crash loses of it, it loses of the tables too.
    PERFORM set_config('synchronous_commit', 'off', true);
    INSERT INTO cloakroom.watched SELECT DISTINCT id, _node FROM unnest(_ids) AS id ON CONFLICT DO NOTHING;
    PERFORM 1 FROM cloakroom.sessions WHERE id = ANY (_ids) ORDER BY n FOR NO KEY UPDATE;
  END $$;

  CREATE OR REPLACE FUNCTION cloakroom.unwatch(_node text, _ids bytea[]) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    DELETE FROM cloakroom.watched WHERE id = ANY (_ids) AND node = _node;
  END $$;

  -- Says that the node lives, and tells it so on its own channel; whether it was known. Buries the dead.
  CREATE OR REPLACE FUNCTION cloakroom.beat(_node text) RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    _was_known boolean;
  BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    UPDATE cloakroom.listeners SET until = now() + interval '1 minute' WHERE node = _node;
    _was_known := FOUND;
    IF NOT _was_known THEN
      INSERT INTO cloakroom.listeners VALUES (_node, now() + interval '1 minute');
    END IF;
    DELETE FROM cloakroom.listeners WHERE node IN (
      SELECT node FROM cloakroom.listeners WHERE until < now() FOR UPDATE SKIP LOCKED
    );
    IF FOUND THEN
      DELETE FROM cloakroom.watched w
        WHERE NOT EXISTS (SELECT FROM cloakroom.listeners l WHERE l.node = w.node);
    END IF;
    PERFORM pg_notify(_node, '');
    RETURN _was_known;
  END $$;

  CREATE OR REPLACE FUNCTION cloakroom.leave(_node text) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    DELETE FROM cloakroom.listeners WHERE node = _node;
    DELETE FROM cloakroom.watched WHERE node = _node;
  END $$;

  -- PostgreSQL takes no more than 7,999 bytes. What would be longer is said to have been missed.
  CREATE OR REPLACE FUNCTION cloakroom.tell(_id bytea, _change json) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    _head text := encode(_id, 'hex') || ' ';
  BEGIN
    IF octet_length(_head || _change) > 7999 THEN _change := '{"kind":"missed"}'; END IF;
    PERFORM pg_notify('cloakroom', _head || _change);
  END $$;
`
