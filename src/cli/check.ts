import type { Command } from 'commander'
import { takeAdminPassword } from '../environment.ts'
import { requireFirstPassword } from '../first-admin.ts'
import { checkStore, shownStore, storeHasUsers } from '../store/open.ts'
import { sayingWhere } from './open.ts'
import { addServerFlags, settingsOf } from './settings.ts'
import { print } from './terminal.ts'

/** `cloakroom check`: whether a server could start. */
export function addCheck(program: Command): void {
  addServerFlags(program.command('check'))
    .description('checks settings and store and changes nothing; exit code 0 if a server could start')
    .option('--deep', 'reads the whole database and looks for damage')
    .action(async (given: { deep?: boolean }, command: Command) => {
      const config = settingsOf(command)
      print(
        `Settings are well: ${config.publicUrl?.origin ?? `http://${config.hostname}:${config.port}`}, ${shownStore(config.store)}`,
      )
      const { store } = config
      print(await sayingWhere(store, () => checkStore(store, given.deep === true, config)))
      const password = takeAdminPassword(process.env)
      if (password !== null && !(await sayingWhere(store, () => storeHasUsers(store, config)))) {
        await requireFirstPassword(password)
      }
    })
}
