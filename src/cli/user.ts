import { type Command, Option } from 'commander'
import { SetupError } from '../errors.ts'
import { shownUser } from '../login/users.ts'
import { allOf } from '../store/pages.ts'
import { type Opened, withStore } from './open.ts'
import { addStoreFlags } from './settings.ts'
import { print, printTable, readNewPassword, withSpinner } from './terminal.ts'

const sessions = (ended: number) => `${ended} ${ended === 1 ? 'session' : 'sessions'} ended`

/** Understood only to be refused, and not repeated in a message about an unknown flag. The preset has it refused without a value too. */
const noPassword = () =>
  new Option('--password [secret]')
    .hideHelp()
    .preset('')
    .argParser(() => {
      throw new SetupError(
        'A password is never an argument, where others could see it: user add and user passwd ask for it, or read it from standard input.',
      )
    })

/** One value each time, so that it does not take the name of the user for a role. */
const roleOption = (description: string) =>
  new Option('--role <role>', description).argParser((role: string, before: readonly string[] = []) => [
    ...before,
    role,
  ])

/** `cloakroom user …`: who can log in. */
export function addUser(program: Command): void {
  const user = program
    .command('user')
    .helpCommand(false)
    .description('who can log in: add, list, passwd, disable, enable, delete')

  addStoreFlags(user.command('add <name>'))
    .description('adds a user; the password is asked for, or is the first line of standard input')
    .addOption(noPassword())
    .option('--fullname <text>', 'the name of the person')
    .option('--email <address>', 'an address for mail')
    .addOption(roleOption('a role, such as admin; with --role before each of several'))
    .addHelpText(
      'after',
      '\nExample:\n  $ echo "$PASSWORD" | cloakroom user add alice --fullname "Alice Doe" --role admin',
    )
    .action(
      async (
        name: string,
        given: { fullname?: string; email?: string; role?: string[] },
        command: Command,
      ) => {
        const { fullname = '', email = '', role = [] } = given
        const add = async ({ users }: Opened) => {
          const fields = { fullname, email, roles: role }
          await users.requireNew(name, fields)
          const passwordHash = await users.hashNew(await readNewPassword(name))
          await users.create(name, { ...fields, passwordHash })
        }
        await withStore(command, add, true)
        print(`${name} can log in.`)
      },
    )

  addStoreFlags(user.command('list'))
    .description('lists all users')
    .option('--json', 'one JSON object per line')
    .action(async ({ json = false }: { json?: boolean }, command: Command) => {
      await withStore(command, (opened) => listUsers(opened, json))
    })

  addStoreFlags(user.command('passwd <name>'))
    .description(
      'sets a new password and ends all sessions of the user; it is asked for, or is the first line of standard input',
    )
    .addOption(noPassword())
    .addHelpText('after', '\nExample:\n  $ echo "$PASSWORD" | cloakroom user passwd alice')
    .action(async (name: string, _: unknown, command: Command) => {
      const ended = await withStore(command, async ({ users }) => {
        await users.require(name)
        return users.update(name, { passwordHash: await users.hashNew(await readNewPassword(name)) })
      })
      print(`${name} has a new password; ${sessions(ended)}.`)
    })

  addStoreFlags(user.command('disable <name>'))
    .description('keeps a user from logging in and ends all sessions of the user')
    .action(async (name: string, _: unknown, command: Command) => {
      const ended = await withStore(command, ({ users }) => users.update(name, { disabled: true }))
      print(`${name} is disabled; ${sessions(ended)}.`)
    })

  addStoreFlags(user.command('enable <name>'))
    .description('lets a disabled user log in again')
    .action(async (name: string, _: unknown, command: Command) => {
      await withStore(command, ({ users }) => users.update(name, { disabled: false }))
      print(`${name} can log in.`)
    })

  addStoreFlags(user.command('delete <name>'))
    .description('deletes a user and ends all sessions of the user')
    .action(async (name: string, _: unknown, command: Command) => {
      const ended = await withStore(command, ({ users }) =>
        withSpinner(`Deleting ${name}`, () => users.delete(name)),
      )
      print(`${name} is deleted; ${sessions(ended)}.`)
    })
}

async function listUsers({ users }: Opened, json: boolean): Promise<void> {
  const rows: string[][] = []
  for await (const user of allOf((after, limit) => users.list(after, limit))) {
    const { uname, fullname, email, roles, disabled } = user
    if (json) print(JSON.stringify(shownUser(user)))
    else rows.push([uname, fullname, email, roles.join(', '), disabled ? 'disabled' : ''])
  }
  if (!json) printTable(['USER', 'NAME', 'EMAIL', 'ROLES', ''], rows)
}
