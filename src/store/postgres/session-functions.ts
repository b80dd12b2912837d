/**
 * How sessions begin, end and are swept. Functions, because each statement in one sees what was committed before it: first the rows are
 * locked, then the next statement looks at what they have become. Rows are locked in one order, users before sessions and sessions by
 * their `n`, so that no two wait for each other.
 */
export const SESSION_FUNCTIONS = `
  CREATE OR REPLACE FUNCTION cloakroom.insert_session(
    _id bytea, _uname text, _generation bigint, _began_at bigint, _ends_at bigint, _latest_ends_at bigint,
    _address text, _user_agent text, _max_sessions bigint
  ) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE
    _n bigint;
    _count bigint;
  BEGIN
    -- Waits for whoever is changing the user or logs in as the same, and looks at what became of it. Whoever comes later waits for this login.
    PERFORM 1 FROM cloakroom.users
      WHERE uname = _uname AND generation = _generation AND NOT disabled FOR NO KEY UPDATE;
    IF NOT FOUND THEN RETURN 'user_changed'; END IF;
    SELECT count(*) INTO _count FROM (
      SELECT FROM cloakroom.sessions WHERE uname = _uname AND ends_at > _began_at LIMIT _max_sessions
    ) AS live;
    IF _count >= _max_sessions THEN
      RETURN CASE WHEN EXISTS (SELECT FROM cloakroom.sessions WHERE id = _id)
        OR EXISTS (SELECT FROM cloakroom.ended WHERE id = _id) THEN 'id_taken' ELSE 'too_many' END;
    END IF;
    INSERT INTO cloakroom.sessions
        (id, uname, began_at, used_at, ends_at, latest_ends_at, sweep_at, address, user_agent, version, count, bytes)
      VALUES (_id, _uname, _began_at, _began_at, _ends_at, _latest_ends_at, _ends_at, _address, _user_agent, 1, 0, 0)
      ON CONFLICT (id) DO NOTHING RETURNING n INTO _n;
    IF _n IS NULL THEN RETURN 'id_taken'; END IF;
    -- Only now, since the insertion waited for whoever was ending a session of this id.
    IF EXISTS (SELECT FROM cloakroom.ended WHERE id = _id) THEN
      DELETE FROM cloakroom.sessions WHERE n = _n;
      RETURN 'id_taken';
    END IF;
    RETURN 'inserted';
  END $$;

  -- For nodes of a version before 9 that have not been stopped yet.
  CREATE OR REPLACE FUNCTION cloakroom.insert_session(
    _id bytea, _uname text, _generation bigint, _began_at bigint, _ends_at bigint, _latest_ends_at bigint,
    _address text, _user_agent text
  ) RETURNS text LANGUAGE plpgsql AS $$
  BEGIN
    RETURN cloakroom.insert_session(
      _id, _uname, _generation, _began_at, _ends_at, _latest_ends_at, _address, _user_agent, 9223372036854775807);
  END $$;

  -- Ends sessions whose rows the caller has locked, and tells whoever watches one of them. Deleted and not marked, so that no clock can
  -- revive them.
  CREATE OR REPLACE FUNCTION cloakroom.end_locked(_sessions bigint[], _reason text, _now bigint)
  RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    _watched bytea[];
  BEGIN
    DELETE FROM cloakroom.attributes WHERE session = ANY (_sessions);
    WITH gone AS (
      DELETE FROM cloakroom.sessions WHERE n = ANY (_sessions) RETURNING id
    ), kept AS (
      INSERT INTO cloakroom.ended SELECT id, _now FROM gone
    )
    SELECT array_agg(id) INTO _watched FROM gone
      WHERE EXISTS (SELECT FROM cloakroom.watched w WHERE w.id = gone.id);
    PERFORM cloakroom.tell(id, json_build_object('kind', 'end', 'reason', _reason)) FROM unnest(_watched) AS id;
  END $$;

  CREATE OR REPLACE FUNCTION cloakroom.end_locked(_sessions bigint[], _now bigint) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM cloakroom.end_locked(_sessions, 'revoked', _now);
  END $$;

  -- A handle is the beginning of an id, and so the ids of a range.
  CREATE OR REPLACE FUNCTION cloakroom.end_session(_from bytea, _to bytea, _uname text, _reason text, _now bigint)
  RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    _n bigint;
  BEGIN
    SELECT n INTO _n FROM cloakroom.sessions
      WHERE id BETWEEN _from AND _to AND ends_at > _now AND (_uname IS NULL OR uname = _uname) FOR UPDATE;
    IF NOT FOUND THEN RETURN false; END IF;
    PERFORM cloakroom.end_locked(ARRAY[_n], _reason, _now);
    RETURN true;
  END $$;

  -- For nodes of a version before 5 that have not been stopped yet.
  CREATE OR REPLACE FUNCTION cloakroom.end_session(_from bytea, _to bytea, _uname text, _now bigint)
  RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    RETURN cloakroom.end_session(_from, _to, _uname, 'revoked', _now);
  END $$;

  CREATE OR REPLACE FUNCTION cloakroom.end_sessions(_limit integer, _now bigint) RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE
    _sessions bigint[];
  BEGIN
    SELECT coalesce(array_agg(n), '{}') INTO _sessions FROM (
      SELECT n FROM cloakroom.sessions WHERE ends_at > _now ORDER BY n LIMIT _limit FOR UPDATE
    ) AS live;
    PERFORM cloakroom.end_locked(_sessions, _now);
    RETURN cardinality(_sessions);
  END $$;

  -- One node at a time, and it waits for no row: one that is locked is left for the next round. The index on sweep_at also finds sessions
  -- that were used since; those are moved to where they belong by now. More: the limit kept others from being looked at.
  CREATE OR REPLACE FUNCTION cloakroom.sweep(_before bigint, _limit integer, OUT swept integer, OUT more boolean)
  LANGUAGE plpgsql AS $$
  DECLARE
    _due bigint[];
    _over bigint[];
    _count integer;
  BEGIN
    swept := 0;
    more := false;
    IF NOT pg_try_advisory_xact_lock(1131180897, 2) THEN RETURN; END IF;
    SELECT coalesce(array_agg(n), '{}'), coalesce(array_agg(n) FILTER (WHERE ends_at <= _before), '{}')
      INTO _due, _over FROM (
        SELECT n, ends_at FROM cloakroom.sessions WHERE sweep_at <= _before
          ORDER BY sweep_at LIMIT _limit FOR UPDATE SKIP LOCKED
      ) AS found;
    UPDATE cloakroom.sessions SET sweep_at = ends_at WHERE n = ANY (_due) AND ends_at > _before;
    DELETE FROM cloakroom.attributes WHERE session = ANY (_over);
    DELETE FROM cloakroom.sessions WHERE n = ANY (_over);
    swept := cardinality(_over);
    more := cardinality(_due) = _limit AND swept < _limit;
    DELETE FROM cloakroom.ended WHERE id IN (
      SELECT id FROM cloakroom.ended WHERE ended_at <= _before
        ORDER BY ended_at LIMIT _limit - swept FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS _count = ROW_COUNT;
    swept := swept + _count;
    DELETE FROM cloakroom.counters WHERE name IN (
      SELECT name FROM cloakroom.counters WHERE ends_at <= _before
        ORDER BY ends_at LIMIT _limit - swept FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS _count = ROW_COUNT;
    swept := swept + _count;
    more := more AND swept < _limit;
  END $$;
`
