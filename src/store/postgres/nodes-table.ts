/** What nodes say of themselves, since version 4 of the schema. After a crash it is empty, and soon told anew: none of it goes to the log. */
export const NODES_TABLE = `
  CREATE UNLOGGED TABLE cloakroom.nodes (
    name    text COLLATE "C" PRIMARY KEY,
    text    text NOT NULL,
    ends_at bigint NOT NULL                  -- absent from this millisecond on
  ) WITH (fillfactor = 50);
`
