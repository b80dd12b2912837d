import { type Command, Option } from 'commander'
import { SetupError } from '../errors.ts'
import { distinct, shownUser, type UserFields } from '../login/users.ts'
import { allOf } from '../store/pages.ts'
import { type Opened, withStore } from './open.ts'
import { addStoreFlags } from './settings.ts'
import { print, printJson, printTable, readNewPassword, withSpinner } from './terminal.ts'

const sessions = (ended: number) => `${ended} ${ended === 1 ? 'session' : 'sessions'} ended`

/** The fields that flags can set. */
interface UserFlags {
  readonly fullname?: string
  readonly email?: string
  readonly role?: readonly string[]
}

/**
 * Defined only to be rejected, so that no message about an unknown flag repeats the password. The preset
 * rejects it without a value too.
 */
const noPassword = () =>
  new Option('--password [secret]')
    .hideHelp()
    .preset('')
    .argParser(() => {
      throw new SetupError(
        'A password is never an argument, where others could see it: user add and user passwd ask for it, or read it from standard input.',
      )
    })

/** Takes one value per flag, so that it does not take the user's name for a role. */
const roleOption = (description: string) =>
  new Option('--role <role>', description).argParser((role: string, before: readonly string[] = []) => [
    ...before,
    role,
  ])

/** `cloakroom user …`: manages the users who can log in. */
export function defineUser(user: Command): void {
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
    .action(async (name: string, said: UserFlags, command: Command) => {
      const fields = toFields(said)
      const add = async ({ users, remember }: Opened) => {
        await users.requireNew(name, fields)
        const passwordHash = await users.hashNew(await readNewPassword(name), { ...fields, uname: name })
        await users.create(name, { ...fields, passwordHash })
        await remember({ event: 'user_create', uname: await users.nameOf(name) })
      }
      await withStore(command, add, true)
      print(`${name} can log in.`)
    })

  addStoreFlags(user.command('update <name>'))
    .description('changes what is named of a user, and ends no session')
    .addOption(noPassword())
    .option('--fullname <text>', "the name of the person; '' for none")
    .option('--email <address>', "an address for mail; '' for none")
    .addOption(
      roleOption(
        "a role in place of all that the user has; with --role before each of several, '' alone for none",
      ),
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ cloakroom user update alice --role admin --role staff' +
        "\n  $ cloakroom user update alice --email '' --role ''",
    )
    .action(async (name: string, said: UserFlags, command: Command) => {
      const fields = toChanges(said)
      await withStore(command, (opened) => update(opened, name, fields))
      print(`${name} is updated: ${shownChanges(fields)}.`)
    })

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
      const ended = await withStore(command, async (opened) => {
        const { users } = opened
        const user = await users.require(name)
        const passwordHash = await users.hashNew(await readNewPassword(name), user)
        return update(opened, name, { passwordHash })
      })
      print(`${name} has a new password; ${sessions(ended)}.`)
    })

  addStoreFlags(user.command('disable <name>'))
    .description('keeps a user from logging in and ends all sessions of the user')
    .action(async (name: string, _: unknown, command: Command) => {
      const ended = await withStore(command, (opened) => update(opened, name, { disabled: true }))
      print(`${name} is disabled; ${sessions(ended)}.`)
    })

  addStoreFlags(user.command('enable <name>'))
    .description('lets a disabled user log in again')
    .action(async (name: string, _: unknown, command: Command) => {
      await withStore(command, (opened) => update(opened, name, { disabled: false }))
      print(`${name} can log in.`)
    })

  addStoreFlags(user.command('delete <name>'))
    .description('deletes a user and ends all sessions of the user')
    .action(async (name: string, _: unknown, command: Command) => {
      const ended = await withStore(command, async ({ users, remember }) => {
        const uname = await users.nameOf(name)
        const ended = await withSpinner(`Deleting ${name}`, () => users.delete(name))
        await remember({ event: 'user_delete', uname, ended })
        return ended
      })
      print(`${name} is deleted; ${sessions(ended)}.`)
    })
}

/** Changes a user and logs the change. Returns how many sessions ended. */
async function update({ users, remember }: Opened, name: string, fields: UserFields): Promise<number> {
  const ended = await users.update(name, fields)
  const uname = await users.nameOf(name)
  await remember({ event: 'user_update', uname, changed: Object.keys(fields), ended })
  return ended
}

/** Returns only the fields that flags name. */
const toFields = ({ fullname, email, role }: UserFlags): UserFields =>
  Object.fromEntries(
    Object.entries({ fullname, email, roles: role }).filter(([, value]) => value !== undefined),
  )

/** Returns the changes. A single empty role means no roles, like `roles=` over HTTP. */
function toChanges(said: UserFlags): UserFields {
  const fields = toFields(said.role?.join() === '' ? { ...said, role: [] } : said)
  if (Object.keys(fields).length === 0)
    throw new SetupError('Say what changes: --fullname, --email or --role, at least one of the three.')
  return fields
}

const shownChanges = ({ fullname, email, roles }: UserFields): string =>
  Object.entries({ fullname, email, roles: roles && distinct(roles).join(', ') })
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => (value === '' ? `no ${field}` : `${field} ${value}`))
    .join('; ')

async function listUsers({ users }: Opened, json: boolean): Promise<void> {
  const rows: string[][] = []
  for await (const user of allOf((after, limit) => users.list(after, limit))) {
    const { uname, fullname, email, roles, disabled } = user
    if (json) printJson(shownUser(user))
    else rows.push([uname, fullname, email, roles.join(', '), disabled ? 'disabled' : ''])
  }
  if (!json) printTable(['USER', 'NAME', 'EMAIL', 'ROLES', ''], rows)
}
