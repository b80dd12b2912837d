import type { Command } from 'commander'
import { type AuditFields, rememberCommand } from '../audit.ts'
import { SetupError, StoreFault } from '../errors.ts'
import { Passwords } from '../login/passwords.ts'
import { Users } from '../login/users.ts'
import { standardError } from '../output.ts'
import { closedAfter, openStore, sentenceOfFault } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { settingsOf } from './settings.ts'

/** What commands work on: the store itself. A running server sees the changes at its next request. */
export interface Opened {
  readonly store: Store
  readonly users: Users
  readonly now: number
  /** Adds what the command did to the security log. */
  remember(fields: AuditFields): Promise<void>
}

/**
 * Opens the store that a command names, runs `work` on it and closes it. `create` makes a missing database.
 */
export async function withStore<T>(
  command: Command,
  work: (opened: Opened) => Promise<T>,
  create = false,
): Promise<T> {
  const config = settingsOf(command)
  const { redis, postgres } = config
  return withStoreErrors(config.store, async () => {
    const opened = await openStore(config.store, {
      ...{ alone: false, create, isServer: false },
      ...{ redis, postgres, warn() {} },
    })
    return closedAfter(opened, (store) => {
      const users = new Users(
        store,
        new Passwords(config.login['hashes-at-once']),
        Date.now,
        config.knownWords,
      )
      const remember = (fields: AuditFields) => rememberOrSay(store, fields)
      return work({ store, users, now: Date.now(), remember })
    })
  })
}

/** Logs the change. If that fails, the change stays, and the user gets a message. */
async function rememberOrSay(store: Store, fields: AuditFields): Promise<void> {
  try {
    await rememberCommand(store, fields, Date.now())
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause
    standardError.write(`cloakroom: This was done, but the security log does not have it: ${cause.message}\n`)
  }
}

/**
 * Runs `work` on the store of a URL. Turns a store fault into a message that says where the store is and what
 * to do.
 */
export async function withStoreErrors<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause
    throw new SetupError(sentenceOfFault(url, cause), { cause })
  }
}
