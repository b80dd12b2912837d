/**
 * How users change and their sessions end with them. The row of the user is locked first: a login under way has either committed by then,
 * so that its session is seen and ended, or waits and finds another generation.
 */
export const USER_FUNCTIONS = `
  -- Ends the live sessions of a user but those of the range of ids; how many.
  CREATE OR REPLACE FUNCTION cloakroom.end_sessions_of(_uname text, _from bytea, _to bytea, _now bigint)
  RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE
    _sessions bigint[];
  BEGIN
    SELECT coalesce(array_agg(n), '{}') INTO _sessions FROM (
      SELECT n FROM cloakroom.sessions
        WHERE uname = _uname AND ends_at > _now AND (_from IS NULL OR id NOT BETWEEN _from AND _to)
        ORDER BY n FOR UPDATE
    ) AS live;
    PERFORM cloakroom.end_locked(_sessions, _now);
    RETURN cardinality(_sessions);
  END $$;

  -- Whether the user is the only enabled one with the role. Two who ask at once go one after the other, since each would count on the
  -- other. Whoever waits here holds the row of a user, and whoever has got past this waits for none.
  CREATE OR REPLACE FUNCTION cloakroom.is_last(_user cloakroom.users, _keeper text) RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    IF _user.disabled OR NOT _keeper = ANY (_user.roles) THEN RETURN false; END IF;
    PERFORM pg_advisory_xact_lock(1131180897, 3);
    RETURN NOT EXISTS (
      SELECT FROM cloakroom.users WHERE uname <> _user.uname AND NOT disabled AND _keeper = ANY (roles)
    );
  END $$;

  -- A field that is null stays as it is. _new_generation: null if no sessions end. _from, _to: the ids that the handle of the session that
  -- stays can mean, or null. _generation: the one that the user must be of, or null.
  CREATE OR REPLACE FUNCTION cloakroom.update_user(
    _uname text, _fullname text, _email text, _password_hash text, _roles text[], _disabled boolean,
    _new_generation bigint, _from bytea, _to bytea, _now bigint, _keeper text, _generation bigint,
    OUT outcome text, OUT ended integer
  ) LANGUAGE plpgsql AS $$
  DECLARE
    _user cloakroom.users;
    _keeps boolean;
  BEGIN
    SELECT * INTO _user FROM cloakroom.users WHERE uname = _uname FOR UPDATE;
    IF NOT FOUND THEN outcome := 'absent'; RETURN; END IF;
    IF _user.generation <> _generation THEN outcome := 'changed'; RETURN; END IF;
    IF _from IS NOT NULL AND NOT EXISTS (
      SELECT FROM cloakroom.sessions WHERE id BETWEEN _from AND _to AND uname = _uname AND ends_at > _now
    ) THEN outcome := 'changed'; RETURN; END IF;
    _keeps := NOT coalesce(_disabled, _user.disabled) AND _keeper = ANY (coalesce(_roles, _user.roles));
    IF NOT _keeps AND cloakroom.is_last(_user, _keeper) THEN outcome := 'last'; RETURN; END IF;
    UPDATE cloakroom.users SET
        fullname = coalesce(_fullname, fullname),
        email = coalesce(_email, email),
        password_hash = coalesce(_password_hash, password_hash),
        roles = coalesce(_roles, roles),
        disabled = coalesce(_disabled, disabled),
        generation = coalesce(_new_generation, generation)
      WHERE uname = _uname;
    ended := 0;
    IF _new_generation IS NOT NULL THEN
      ended := cloakroom.end_sessions_of(_uname, _from, _to, _now);
    END IF;
  END $$;

  CREATE OR REPLACE FUNCTION cloakroom.delete_user(
    _uname text, _now bigint, _keeper text, _generation bigint, OUT outcome text, OUT ended integer
  ) LANGUAGE plpgsql AS $$
  DECLARE
    _user cloakroom.users;
  BEGIN
    SELECT * INTO _user FROM cloakroom.users WHERE uname = _uname FOR UPDATE;
    IF NOT FOUND THEN outcome := 'absent'; RETURN; END IF;
    IF _user.generation <> _generation THEN outcome := 'changed'; RETURN; END IF;
    IF cloakroom.is_last(_user, _keeper) THEN outcome := 'last'; RETURN; END IF;
    DELETE FROM cloakroom.users WHERE uname = _uname;
    ended := cloakroom.end_sessions_of(_uname, NULL, NULL, _now);
  END $$;
`
