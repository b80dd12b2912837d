import type { Command } from 'commander'
import { type AuditFields, rememberCommand } from '../audit.ts'
import { SetupError, StoreFault } from '../errors.ts'
import { Passwords } from '../login/passwords.ts'
import { Users } from '../login/users.ts'
import { standardError } from '../output.ts'
import { closedAfter, openStore, sentenceOfFault } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { settingsOf } from './settings.ts'

/** What the commands work on: the store itself, which a running server reads at its next request. */
export interface Opened {
  readonly store: Store
  readonly users: Users
  readonly now: number
  /** Remembers in the security log what the command has done. */
  remember(fields: AuditFields): Promise<void>
}

/** Opens the store that a command names, does something with it, and closes it. `create`: a database that is missing is made. */
export async function withStore<T>(
  command: Command,
  work: (opened: Opened) => Promise<T>,
  create = false,
): Promise<T> {
  const config = settingsOf(command)
  const { redis, postgres } = config
  return sayingWhere(config.store, async () => {
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

/** What was done stays done if it cannot be remembered. */
async function rememberOrSay(store: Store, fields: AuditFields): Promise<void> {
  try {
    await rememberCommand(store, fields, Date.now())
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause
    standardError.write(`cloakroom: This was done, but the security log does not have it: ${cause.message}\n`)
  }
}

/** Does something with the store of a URL. A fault of it is told as what keeps the command from its work: where it is, and what to do. */
export async function sayingWhere<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause
    throw new SetupError(sentenceOfFault(url, cause), { cause })
  }
}
