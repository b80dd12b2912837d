/** A store whose schema is older than this program's, and that servers of the older version use. */
export interface OlderInUse {
  /** The file or the database. */
  readonly store: string
  readonly schema: number
  readonly newest: number
  /** Who uses it, such as "2 servers of an older version are running on it". */
  readonly use: string
  readonly remedy: string
}

/** Why this program does not migrate a store: the servers that use it could not start again, and there would be no way back. */
export const olderInUse = ({ store, schema, newest, use, remedy }: OlderInUse): string =>
  `${store} has schema ${schema}, this program needs schema ${newest}, and ${use}; the store was left as it was. ` +
  `${remedy}, or use the command line of the older version.`
