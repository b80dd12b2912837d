import type { Database } from 'bun:sqlite'
import { SetupError } from '../../errors.ts'

/** Marks the file as ours (`PRAGMA application_id`): the bytes «Cloa». */
const APPLICATION_ID = 0x43_6c_6f_61

/**
 * Each entry takes the file from the version that is its index to the next one. An entry that was released is never changed.
 * Every `…_at` is an instant in milliseconds since the Unix epoch.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE users (
    uname         TEXT PRIMARY KEY,
    fullname      TEXT NOT NULL,
    email         TEXT NOT NULL,
    password_hash TEXT NOT NULL,            -- argon2id, PHC format
    roles         TEXT NOT NULL,            -- JSON array of strings
    disabled      INTEGER NOT NULL,         -- 0 or 1
    generation    INTEGER NOT NULL          -- changes whenever all logins of the user end
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE sessions (
    n              INTEGER PRIMARY KEY,     -- in the order of login; names the session inside this file only
    id             TEXT NOT NULL UNIQUE,    -- SHA-256 of the token, base64url, 43 characters
    uname          TEXT NOT NULL,
    began_at       INTEGER NOT NULL,
    used_at        INTEGER NOT NULL,        -- last use that was recorded
    ends_at        INTEGER NOT NULL,        -- absent from this millisecond on
    latest_ends_at INTEGER NOT NULL,        -- the end that no use can move
    address        TEXT NOT NULL,
    user_agent     TEXT NOT NULL,
    version        INTEGER NOT NULL,        -- one more after every write of the attributes
    count          INTEGER NOT NULL,        -- of attributes
    bytes          INTEGER NOT NULL         -- of all keys and values, in UTF-8
  ) STRICT;
  CREATE INDEX sessions_by_uname ON sessions (uname);
  CREATE INDEX sessions_by_end ON sessions (ends_at);

  CREATE TABLE attributes (
    session INTEGER NOT NULL,               -- sessions.n
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (session, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE ended (                      -- ids that stay taken until they are swept; by no clock are they alive
    id       TEXT PRIMARY KEY,
    ended_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX ended_by_end ON ended (ended_at);

  CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE counters (
    name    TEXT PRIMARY KEY,
    count   INTEGER NOT NULL,
    ends_at INTEGER NOT NULL                -- absent from this millisecond on
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX counters_by_end ON counters (ends_at);
  `,
  `
  -- All attributes of the session as one text (see packed.ts), or NULL: each is a row of the table attributes.
  ALTER TABLE sessions ADD COLUMN attributes TEXT;

  CREATE TABLE uses (                       -- what was noted of sessions since their own row was written
    n       INTEGER PRIMARY KEY,            -- sessions.n
    used_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL                -- the session is live until the later of both ends
  ) STRICT;

  -- With an index beside it: in a table without rowids, SQLite reads a large value whole whenever it compares a key with that of its row.
  CREATE TABLE attribute_rows (
    session INTEGER NOT NULL,               -- sessions.n
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    UNIQUE (session, key)
  ) STRICT;
  INSERT INTO attribute_rows SELECT session, key, value FROM attributes;
  DROP TABLE attributes;
  ALTER TABLE attribute_rows RENAME TO attributes;
  `,
  `
  CREATE TABLE events (
    n     INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order in which they were remembered
    at    INTEGER NOT NULL,
    kind  TEXT NOT NULL,
    uname TEXT,                              -- the user whom it is about, or NULL
    text  TEXT NOT NULL                      -- JSON
  ) STRICT;
  CREATE INDEX events_by_kind ON events (kind);
  CREATE INDEX events_by_uname ON events (uname);
  `,
  `
  ALTER TABLE events ADD COLUMN source TEXT NOT NULL DEFAULT ''; -- events of one kind and source make room for each other
  CREATE INDEX events_by_source ON events (kind, source);
  `,
]

/** The version that this program reads and writes. */
export const NEWEST = migrations.length

const numberOf = (db: Database, pragma: string) => Number(db.query(`PRAGMA ${pragma}`).values()[0]?.[0])

/** The version of the file's schema; 0 for an empty file. Refuses a file that another program made, or a newer version of this one. */
export function requireOurs(db: Database, path: string): number {
  const version = numberOf(db, 'user_version')
  const tables = Number(db.query('SELECT count(*) FROM sqlite_schema').values()[0]?.[0])
  if (numberOf(db, 'application_id') !== APPLICATION_ID && tables > 0) {
    throw new SetupError(
      `${path} is a database of another program; it was left as it is. Name another file, with --data or --store.`,
    )
  }
  if (version > NEWEST) {
    throw new SetupError(
      `${path} was written by a newer version of Cloakroom (schema ${version}; this one knows up to ${NEWEST}). ` +
        'Run that version, or restore a backup from before the upgrade.',
    )
  }
  return version
}

/** Brings a file that is older to this version of the schema, all or nothing. */
export function migrate(db: Database, path: string, to = NEWEST): void {
  const steps = db.transaction(() => {
    // Read inside the transaction: two processes may start on a new file at once.
    const version = requireOurs(db, path)
    if (version >= to) return
    for (const step of migrations.slice(version, to)) db.exec(step)
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    db.exec(`PRAGMA user_version = ${to}`)
  })
  if (requireOurs(db, path) < to) steps.immediate()
}
