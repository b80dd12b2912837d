import type { Command } from 'commander'
import { takeAdminPassword } from '../environment.ts'
import { requireFirstPassword } from '../first-admin.ts'
import { httpUrl } from '../host-names.ts'
import { LISTENING, METRICS, requireListenable } from '../listen.ts'
import { checkStore, shownStore, storeHasUsers } from '../store/open.ts'
import { withStoreErrors } from './open.ts'
import { addServerFlags, settingsOf } from './settings.ts'
import { print } from './terminal.ts'

/** `cloakroom check`: tells whether a server could start with these settings. */
export function defineCheck(check: Command): void {
  addServerFlags(check)
    .option('--deep', 'reads the whole database and looks for damage')
    .action(async (given: { deep?: boolean }, command: Command) => {
      const config = settingsOf(command)
      requireListenable(config, LISTENING)
      if (config.metrics !== null) requireListenable(config.metrics, METRICS)
      const listening = httpUrl(config.hostname, config.port)
      const url = config.publicUrl === null ? '' : ` for ${config.publicUrl.origin}`
      print(`Settings OK: ${listening}${url}, ${shownStore(config.store)}`)
      const { store } = config
      print(await withStoreErrors(store, () => checkStore(store, given.deep === true, config)))
      const password = takeAdminPassword(process.env)
      if (password !== null && !(await withStoreErrors(store, () => storeHasUsers(store, config)))) {
        await requireFirstPassword(password)
      }
    })
}
