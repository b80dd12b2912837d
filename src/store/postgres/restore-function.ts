/** How a session is added as another store had it. */
export const RESTORE_FUNCTION = `
  CREATE OR REPLACE FUNCTION cloakroom.restore_session(
    _id bytea, _uname text, _began_at bigint, _used_at bigint, _ends_at bigint, _latest_ends_at bigint,
    _address text, _user_agent text, _version bigint, _keys text[], _values text[]
  ) RETURNS text LANGUAGE plpgsql AS $$
  DECLARE
    _n bigint;
  BEGIN
    INSERT INTO cloakroom.sessions
        (n, id, uname, began_at, used_at, ends_at, latest_ends_at, sweep_at, address, user_agent, version, count, bytes)
      OVERRIDING SYSTEM VALUE
      VALUES (nextval('cloakroom.restored'), _id, _uname, _began_at, _used_at, _ends_at, _latest_ends_at, _ends_at,
        _address, _user_agent, _version, cardinality(_keys),
        octet_length(array_to_string(_keys, '')) + octet_length(array_to_string(_values, '')))
      ON CONFLICT (id) DO NOTHING RETURNING n INTO _n;
    IF _n IS NULL THEN RETURN 'id_taken'; END IF;
    -- Only now, since the insertion waited for whoever was ending a session of this id.
    IF EXISTS (SELECT FROM cloakroom.ended WHERE id = _id) THEN
      DELETE FROM cloakroom.sessions WHERE n = _n;
      RETURN 'id_taken';
    END IF;
    INSERT INTO cloakroom.attributes SELECT _n, p.key, p.value FROM unnest(_keys, _values) AS p (key, value);
    RETURN 'restored';
  END $$;
`
