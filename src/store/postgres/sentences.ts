import { SetupError } from '../../errors.ts'
import { failureOf } from './faults.ts'
import type { Place } from './url.ts'

/** By the word of the client or the five characters of PostgreSQL. */
const sentences: Readonly<Record<string, (place: Place) => string>> = {
  ERR_POSTGRES_CONNECTION_REFUSED: ({ hostname, port }) =>
    `Nothing answers at ${hostname}, port ${port}. Start PostgreSQL there, let it listen, or correct host and port in --store.`,
  ERR_POSTGRES_CONNECTION_TIMEOUT: ({ hostname, port }) =>
    `${hostname}, port ${port}, does not answer in time. Look whether a firewall is between, or correct host and port in --store.`,
  ERR_POSTGRES_CONNECTION_FAILED: ({ hostname, port }) =>
    `${hostname}, port ${port}, hangs up. Look into the log of PostgreSQL, or correct host and port in --store.`,
  ERR_POSTGRES_TLS_NOT_AVAILABLE: ({ hostname }) =>
    `PostgreSQL at ${hostname} speaks no TLS. Give it a certificate, or say ?sslmode=disable in --store if nobody can listen on the way.`,
  '28P01': ({ username, hostname }) =>
    `PostgreSQL at ${hostname} does not accept the password of the role ${username}. Correct it in --store.`,
  '28000': ({ username, hostname, database }) =>
    `PostgreSQL at ${hostname} does not let the role ${username} into the database ${database}. Make the role, or let it in with pg_hba.conf.`,
  '3D000': ({ hostname, database }) =>
    `There is no database ${database} at ${hostname}. Make it: CREATE DATABASE "${database}" ENCODING 'UTF8' TEMPLATE template0`,
  '25001': ({ hostname }) =>
    `PostgreSQL at ${hostname} is a replica (or recovering), which can be behind and cannot be written. Name the primary in --store.`,
  '42501': ({ username, database }) =>
    `The role ${username} may not use the schema cloakroom in the database ${database}. Connect as the role that made it.`,
  '42704': ({ hostname }) => `PostgreSQL at ${hostname} is too old. Upgrade it to 14 or later.`,
  '53100': ({ hostname }) =>
    `There is no room left on the disk of PostgreSQL at ${hostname}. Make room and start again.`,
  '53300': ({ hostname }) =>
    `PostgreSQL at ${hostname} has no connection left. Raise its max_connections, or lower postgres.connections of each node.`,
  ENOENT: ({ authorities }) =>
    `There is no file ${authorities}. Correct sslrootcert in --store: the certificates by which that of PostgreSQL is known.`,
  '55P03': ({ database }) =>
    `Another node is making the schema cloakroom in the database ${database} and does not come to an end. Stop that one first.`,
  '57P03': ({ hostname }) => `PostgreSQL at ${hostname} is starting or stopping. Try again in a moment.`,
}

/** What TLS says of a certificate. */
const CERTIFICATE = /CERT|SIGNATURE|ISSUER/

/** Why a database cannot be used, and what to do about it; never with the password. */
export function setupErrorOf(error: unknown, place: Place): SetupError {
  if (error instanceof SetupError) return error
  const { code, sqlState, message } = failureOf(error)
  const sentence = sentences[sqlState] ?? sentences[code]
  const text = sentence?.(place) ?? (CERTIFICATE.test(code) ? unknown(place, message) : other(place, message))
  return new SetupError(text, { cause: error })
}

const unknown = ({ hostname }: Place, message: string) =>
  `The certificate of PostgreSQL at ${hostname} is not accepted: ${message}. Name the file with that of its authority in --store: ` +
  '?sslrootcert=FILE'

const other = ({ hostname }: Place, message: string) => `PostgreSQL at ${hostname} cannot be used: ${message}`
