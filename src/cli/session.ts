import type { Command } from 'commander'
import { typedAddress } from '../address.ts'
import { Refusal, SetupError } from '../errors.ts'
import { endAll } from '../session/sessions.ts'
import { shown } from '../session/shown.ts'
import { allOf } from '../store/pages.ts'
import type { SessionFilter } from '../store/store.ts'
import { type Opened, withStore } from './open.ts'
import { addStoreFlags } from './settings.ts'
import { print, printJson, printTable, withSpinner } from './terminal.ts'

interface ListFlags {
  readonly user?: string
  readonly address?: string
  readonly json?: boolean
}

interface RevokeFlags {
  readonly user?: string
  readonly all?: boolean
}

/** `cloakroom session …`: lists and ends sessions. */
export function defineSession(session: Command): void {
  addStoreFlags(session.command('list'))
    .description('lists live sessions, latest login first')
    .option('--user <name>', 'only those of one user')
    .option('--address <address>', 'only those that began there')
    .option('--json', 'one JSON object per line')
    .action(async ({ user, address, json = false }: ListFlags, command: Command) => {
      await withStore(command, async (opened) => {
        // For an unknown user, an empty list would look as if that user had no sessions.
        const uname = user === undefined ? undefined : (await opened.users.require(user)).uname
        await listSessions(opened, { uname, address: address && typedAddress(address) }, json)
      })
    })

  addStoreFlags(session.command('revoke [handle]'))
    .description(
      'ends one session, all of a user, or all there are; what is ended is refused at its next request',
    )
    .option('--user <name>', 'all sessions of one user')
    .option('--all', 'all sessions of all users')
    .addHelpText(
      'after',
      '\nExamples:\n  $ cloakroom session revoke oNSRwBxH9XGYq8gBRwUV5r\n  $ cloakroom session revoke --user alice',
    )
    .action(async (handle: string | undefined, flags: RevokeFlags, command: Command) => {
      requireOne([handle, flags.user, flags.all])
      const ended = await withStore(command, async (opened) => {
        const uname = flags.user === undefined ? undefined : await opened.users.nameOf(flags.user)
        const ended = await withSpinner('Ending sessions', () => revoke(opened, handle, flags))
        await opened.remember({ event: 'revoke', uname, revoked: handle, all: flags.all, ended })
        return ended
      })
      print(`${ended} ${ended === 1 ? 'session' : 'sessions'} ended.`)
    })
}

function requireOne(given: readonly unknown[]): void {
  if (given.filter((each) => each !== undefined).length === 1) return
  throw new SetupError('Say which sessions end: a handle, --user NAME or --all, one of the three.')
}

async function revoke(
  { store, users, now }: Opened,
  handle: string | undefined,
  { user }: RevokeFlags,
): Promise<number> {
  if (user !== undefined) return users.endSessions(user, null)
  if (handle !== undefined) {
    if (await store.endSession(handle, null, 'revoked', now)) return 1
    throw new Refusal('no_such_session', `There is no live session ${handle}. See: cloakroom session list`)
  }
  return endAll(store, Date.now)
}

async function listSessions({ store, now }: Opened, filter: SessionFilter, json: boolean): Promise<void> {
  const rows: string[][] = []
  for await (const each of allOf((after, limit) => store.listSessions(filter, after, limit, now))) {
    if (json) printJson(shown(each))
    else rows.push(Object.values(shown(each)))
  }
  if (!json) printTable(['HANDLE', 'USER', 'BEGAN', 'LAST USED', 'ENDS', 'ADDRESS', 'USER AGENT'], rows)
}
