/**
 * The tables of version 1. Every `…_at` is an instant in milliseconds since the Unix epoch. Texts are compared by their bytes, whatever
 * the database's own collation: that is the order of lists, and an index does not depend on a library of the machine.
 */
export const TABLES = `
  CREATE TABLE cloakroom.users (
    uname         text COLLATE "C" PRIMARY KEY,
    fullname      text NOT NULL,
    email         text NOT NULL,
    password_hash text NOT NULL,             -- argon2id, PHC format
    roles         text[] NOT NULL,
    disabled      boolean NOT NULL,
    generation    bigint NOT NULL            -- changes whenever all logins of the user end
  );

  -- What a put or a use changes is in no index, so that PostgreSQL writes the new version of a row beside the old one and leaves the
  -- indexes alone; the tenth of each page that is left free at first is for those.
  CREATE TABLE cloakroom.sessions (
    n              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- in the order of login; also the order in which rows are locked
    began_at       bigint NOT NULL,
    used_at        bigint NOT NULL,          -- last use that was recorded
    ends_at        bigint NOT NULL,          -- absent from this millisecond on
    latest_ends_at bigint NOT NULL,          -- the end that no use can move
    sweep_at       bigint NOT NULL,          -- never later than ends_at, and moved by the sweep alone, since it is in an index
    version        bigint NOT NULL,          -- one more after every write of the attributes
    count          integer NOT NULL,         -- of attributes
    bytes          integer NOT NULL,         -- of all keys and values, in UTF-8
    id             bytea NOT NULL UNIQUE,    -- SHA-256 of the token, 32 bytes
    uname          text COLLATE "C" NOT NULL,
    address        text NOT NULL,
    user_agent     text NOT NULL
  ) WITH (fillfactor = 90);
  CREATE INDEX sessions_by_uname ON cloakroom.sessions (uname, n);
  CREATE INDEX sessions_by_sweep ON cloakroom.sessions (sweep_at);

  -- A row per attribute, so that a put costs by what it changes. Whoever changes one has locked the row of its session.
  CREATE TABLE cloakroom.attributes (
    session bigint NOT NULL,                 -- sessions.n
    key     text COLLATE "C" NOT NULL,
    value   text COLLATE "C" NOT NULL,
    PRIMARY KEY (session, key)
  ) WITH (fillfactor = 90);

  -- Ids that stay taken until they are swept; by no clock are they alive.
  CREATE TABLE cloakroom.ended (
    id       bytea PRIMARY KEY,
    ended_at bigint NOT NULL
  );
  CREATE INDEX ended_by_end ON cloakroom.ended (ended_at);

  CREATE TABLE cloakroom.secrets (
    name  text COLLATE "C" PRIMARY KEY,
    value text NOT NULL
  );

  CREATE TABLE cloakroom.counters (
    name    text COLLATE "C" PRIMARY KEY,
    count   bigint NOT NULL,
    ends_at bigint NOT NULL                  -- absent from this millisecond on
  );
  CREATE INDEX counters_by_end ON cloakroom.counters (ends_at);
`

/** Where the `n` of sessions comes from that were restored, since version 2. */
export const RESTORED = `
  -- Their n goes down from -1, since lists have the latest login first and sessions are restored in that order.
  CREATE SEQUENCE cloakroom.restored INCREMENT -1;
`

/** Where events are remembered, since version 3. */
export const EVENTS_TABLE = `
  CREATE TABLE cloakroom.events (
    n     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- in the order in which they were remembered
    at    bigint NOT NULL,
    kind  text COLLATE "C" NOT NULL,
    uname text COLLATE "C",                  -- the user whom it is about, or null
    text  text NOT NULL                      -- JSON
  );
  CREATE INDEX events_by_kind ON cloakroom.events (kind, n);
  CREATE INDEX events_by_uname ON cloakroom.events (uname, n);
`

/** Which events make room for each other: those of one kind and source. */
export const EVENT_SOURCES = `
  ALTER TABLE cloakroom.events ADD COLUMN source text COLLATE "C" NOT NULL DEFAULT '';
  CREATE INDEX events_by_source ON cloakroom.events (kind, source, n);
`

/** What nodes say of themselves, since version 4. After a crash it is empty, and soon told anew: none of it goes to the log. */
export const NODES_TABLE = `
  CREATE UNLOGGED TABLE cloakroom.nodes (
    name    text COLLATE "C" PRIMARY KEY,
    text    text NOT NULL,
    ends_at bigint NOT NULL                  -- absent from this millisecond on
  ) WITH (fillfactor = 50);
`

/**
 * Who listens and what they watch, since version 5. Not in the log: after a crash they are empty, and every node that listens says anew
 * what it watches.
 */
export const WATCH_TABLES = `
  CREATE UNLOGGED TABLE cloakroom.listeners (
    node  text COLLATE "C" PRIMARY KEY,
    until timestamptz NOT NULL               -- taken for dead from then on, if it does not say that it lives
  );

  CREATE UNLOGGED TABLE cloakroom.watched (
    id   bytea NOT NULL,                     -- sessions.id; there may be no such session
    node text COLLATE "C" NOT NULL,          -- listeners.node
    PRIMARY KEY (id, node)
  );
`
