import { LOOKED_AT, RESERVED } from '../store.ts'

/** Removes the attributes that a condition means, and finds their count and bytes. */
const removeThose = (condition: string) => `
    WITH gone AS (
      DELETE FROM cloakroom.attributes a WHERE a.session = _session.n AND ${condition}
        RETURNING octet_length(a.key) + octet_length(a.value) AS bytes
    )
    SELECT count(*), coalesce(sum(gone.bytes), 0) INTO _count, _bytes FROM gone;`

/** Locks the row of the live session of the version that is asked for, or returns what keeps it from that. */
const LOCK_SESSION = `    SELECT s.n, s.uname, s.version, s.ends_at, s.latest_ends_at, s.count, s.bytes INTO _session
      FROM cloakroom.sessions s WHERE s.id = _id AND s.ends_at > _now FOR NO KEY UPDATE;
    IF NOT FOUND THEN outcome := 'absent'; RETURN; END IF;
    IF _session.version <> _version THEN outcome := 'version_differs'; RETURN; END IF;
`

/** A function that removes attributes and reports them. `removal` leaves their count and bytes. */
const removing = (name: string, params: string, removal: string, told: string) => `
  CREATE OR REPLACE FUNCTION cloakroom.${name}(
    ${params},
    OUT outcome text, OUT version bigint, OUT ends_at bigint, OUT latest_ends_at bigint
  ) LANGUAGE plpgsql AS $$
  DECLARE
    _session record;
    _count bigint;
    _bytes bigint;
  BEGIN
${LOCK_SESSION}    ${removal}
    UPDATE cloakroom.sessions s SET version = _session.version + 1,
        count = _session.count - _count, bytes = _session.bytes - _bytes
      WHERE s.n = _session.n;
    version := _session.version + 1;
    IF EXISTS (SELECT FROM cloakroom.watched w WHERE w.id = _id) THEN
      PERFORM cloakroom.tell(_id, json_build_object('kind', 'delete', 'keys', ${told}, 'version', version));
    END IF;
    ends_at := _session.ends_at;
    latest_ends_at := _session.latest_ends_at;
  END $$;`

const REMOVE_NAMED = `
    IF _keys IS NULL THEN
      DELETE FROM cloakroom.attributes a WHERE a.session = _session.n;
      _count := _session.count;
      _bytes := _session.bytes;
    ELSE${removeThose('a.key = ANY (_keys)')}
    END IF;`

const TOLD = `coalesce(to_json(_keys), '"all"'::json)`

const REMOVE_UNRESERVED = removeThose(`NOT starts_with(a.key, '${RESERVED}')`)

/**
 * How attributes are put and removed. The row of the session is locked first, so that of two writers the second sees what the first has
 * left: whether the session lives, of which version it is and how much hangs on it. Whoever watches it is told in the same transaction.
 * `outcome` is null if the write happened.
 */
export const ATTRIBUTE_FUNCTIONS = `
  CREATE OR REPLACE FUNCTION cloakroom.put_attributes(
    _id bytea, _keys text[], _values text[], _max_count bigint, _max_bytes bigint, _now bigint, _version bigint,
    _share_bytes bigint, _max_user_bytes bigint,
    OUT outcome text, OUT version bigint, OUT ends_at bigint, OUT latest_ends_at bigint
  ) LANGUAGE plpgsql AS $$
  DECLARE
    _session record;
    _had_count bigint;
    _had_bytes bigint;
    _count bigint;
    _bytes bigint;
    _others bigint;
  BEGIN
${LOCK_SESSION}    SELECT count(*), coalesce(sum(octet_length(a.key) + octet_length(a.value)), 0) INTO _had_count, _had_bytes
      FROM cloakroom.attributes a WHERE a.session = _session.n AND a.key = ANY (_keys);
    _count := _session.count + cardinality(_keys) - _had_count;
    IF _count > _max_count THEN outcome := 'too_many'; RETURN; END IF;
    _bytes := _session.bytes - _had_bytes
      + octet_length(array_to_string(_keys, '')) + octet_length(array_to_string(_values, ''));
    IF _bytes > _max_bytes THEN outcome := 'too_large'; RETURN; END IF;
    IF _bytes > _share_bytes AND _bytes > _session.bytes THEN
      -- As many sessions as are looked at, should the user have more from before there was a limit.
      SELECT coalesce(sum(o.bytes), 0) INTO _others FROM (
        SELECT s.bytes FROM cloakroom.sessions s
          WHERE s.uname = _session.uname AND s.n <> _session.n AND s.ends_at > _now ORDER BY s.n DESC LIMIT ${LOOKED_AT}
      ) o;
      IF _others + _bytes > _max_user_bytes THEN outcome := 'user_too_large'; RETURN; END IF;
    END IF;
    INSERT INTO cloakroom.attributes AS a
      SELECT _session.n, p.key, p.value FROM unnest(_keys, _values) AS p (key, value)
      ON CONFLICT (session, key) DO UPDATE SET value = excluded.value;
    UPDATE cloakroom.sessions s SET version = _session.version + 1, count = _count, bytes = _bytes
      WHERE s.n = _session.n;
    version := _session.version + 1;
    IF EXISTS (SELECT FROM cloakroom.watched w WHERE w.id = _id) THEN
      PERFORM cloakroom.tell(_id, json_build_object('kind', 'put', 'keys', _keys, 'version', version));
    END IF;
    ends_at := _session.ends_at;
    latest_ends_at := _session.latest_ends_at;
  END $$;

  -- For nodes of a version before 10 that have not been stopped yet.
  CREATE OR REPLACE FUNCTION cloakroom.put_attributes(
    _id bytea, _keys text[], _values text[], _max_count bigint, _max_bytes bigint, _now bigint, _version bigint,
    OUT outcome text, OUT version bigint, OUT ends_at bigint, OUT latest_ends_at bigint
  ) LANGUAGE sql AS $$
    SELECT * FROM cloakroom.put_attributes(
      _id, _keys, _values, _max_count, _max_bytes, _now, _version, 9223372036854775807, 9223372036854775807)
  $$;

  -- _keys: null for all.
  ${removing('remove_attributes', '_id bytea, _keys text[], _now bigint, _version bigint', REMOVE_NAMED, TOLD)}

  ${removing('remove_unreserved_attributes', '_id bytea, _now bigint, _version bigint', REMOVE_UNRESERVED, "'all'")}
`
