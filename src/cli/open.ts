import type { Command } from 'commander'
import { Passwords } from '../login/passwords.ts'
import { Users } from '../login/users.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { settingsOf } from './settings.ts'

/** What the commands work on: the store itself, which a running server reads at its next request. */
export interface Opened {
  readonly store: Store
  readonly users: Users
  readonly now: number
}

/** Opens the store that a command names, does something with it, and closes it. `create`: a database that is missing is made. */
export async function withStore<T>(
  command: Command,
  work: (opened: Opened) => Promise<T>,
  create = false,
): Promise<T> {
  const config = settingsOf(command)
  const { redis, postgres } = config
  const store = await openStore(config.store, { alone: false, create, redis, postgres, warn() {} })
  try {
    const users = new Users(store, new Passwords(config.login['hashes-at-once']), Date.now)
    return await work({ store, users, now: Date.now() })
  } finally {
    await store.close()
  }
}
