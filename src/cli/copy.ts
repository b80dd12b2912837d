import { isatty } from 'node:tty'
import { type Command, Option } from 'commander'
import type { Config } from '../config.ts'
import { SetupError, StoreFault } from '../errors.ts'
import { standardError } from '../output.ts'
import { copyStore } from '../store/copy.ts'
import { closedAfter, ended, isSameStore, openStore, shownStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { readInput } from './input.ts'
import { newProgress } from './progress.ts'
import { addConfigFlag, settingsOf } from './settings.ts'
import { print } from './terminal.ts'

/**
 * The shortest time limits for the store's replies, in milliseconds. Longer than a server's: no client waits,
 * and the load is high.
 */
const MIN_TIMEOUTS_MS = { redis: 5_000, postgres: 30_000 }

interface Flags {
  readonly from: string
  readonly to: string
}

/** `cloakroom copy`: copies one store to another, so that a move logs no user out. */
export function defineCopy(command: Command): void {
  addConfigFlag(command)
    .addOption(
      urlOption('--from <url>', 'the store that has everything: sqlite:PATH, redis://… or postgres://…'),
    )
    .addOption(
      urlOption('--to <url>', 'the store that gets it: an empty one, or one that a copy was begun to'),
    )
    .addHelpText(
      'after',
      '\nCopies, then reads everything back and compares it. One that was broken off goes on when it is called again.\n' +
        'A URL that is - is the next line of standard input, so that its password is no argument.\n\n' +
        'Examples:\n  $ cloakroom copy --from sqlite:data/cloakroom.db --to redis://127.0.0.1:6379/0\n' +
        '  $ cloakroom copy --from sqlite:data/cloakroom.db --to - < url',
    )
    .action(async (flags: Flags, command: Command) => {
      const config = settingsOf(command)
      const { from, to } = await readDashes(flags)
      const shown = { from: named('--from', () => shownStore(from)), to: named('--to', () => shownStore(to)) }
      requireKept('--from', from)
      requireKept('--to', to)
      if (isSameStore(from, to)) {
        throw new SetupError(`--from and --to are the same store, ${shown.from}. Name two.`)
      }
      const { all, there } = await withBoth({ from, to }, config, copy)
      print(
        `${counted(all.users, 'user')} and ${counted(all.sessions, 'session')} of ${shown.from} are in ${shown.to}, and the same there.`,
      )
      if (there.users + there.sessions > 0) {
        print(
          `Of them ${counted(there.users, 'user')} and ${counted(there.sessions, 'session')} were there before.`,
        )
      }
    })
}

const urlOption = (flags: string, says: string) => new Option(flags, says).makeOptionMandatory()

const counted = (count: number, what: string) =>
  `${count.toLocaleString('en')} ${count === 1 ? what : `${what}s`}`

/** Replaces each URL that is a dash by a line of standard input. */
async function readDashes({ from, to }: Flags): Promise<Flags> {
  if (from !== '-' && to !== '-') return { from, to }
  const lines = (await readInput()).split(/\r?\n/)
  const next = (flag: string, url: string): string => {
    if (url !== '-') return url
    const line = lines.shift()?.trim() ?? ''
    if (line === '') throw new SetupError(`No URL for ${flag} came on standard input; send it as a line.`)
    return line
  }
  return { from: next('--from', from), to: next('--to', to) }
}

function requireKept(flag: string, url: string): void {
  if (url !== 'memory:') return
  throw new SetupError(
    `${flag} memory: forgets everything at the end. Use sqlite:PATH, redis://… or postgres://….`,
  )
}

/** Standard error. The copy goes on even if its reader goes away. */
const screen = {
  isTTY: isatty(2),
  write: (text: string) => standardError.write(text),
}

async function copy(from: Store, to: Store) {
  const progress = newProgress(screen, () => performance.now())
  try {
    return await copyStore(from, to, Date.now(), progress)
  } catch (cause) {
    if (!(cause instanceof StoreFault)) throw cause
    throw new SetupError(
      `The copy was broken off. ${ended(cause.message)} Call it again when both stores are well, and it goes on.`,
      { cause },
    )
  } finally {
    progress.end()
  }
}

async function withBoth<T>(
  flags: Flags,
  config: Config,
  work: (from: Store, to: Store) => Promise<T>,
): Promise<T> {
  const open = (flag: 'from' | 'to') =>
    named(`--${flag}`, () => openStore(flags[flag], toOpenOptions(`--${flag}`, config)))
  return closedAfter(await open('from'), async (from) =>
    closedAfter(await open('to'), (to) => work(from, to)),
  )
}

/** Opens both stores exclusively where the store supports it, so that no server changes them meanwhile. */
const toOpenOptions = (flag: string, { redis, postgres }: Config) => ({
  alone: true,
  create: flag === '--to',
  isServer: false,
  redis: { ...redis, timeout: Math.max(redis.timeout, MIN_TIMEOUTS_MS.redis) },
  postgres: { ...postgres, timeout: Math.max(postgres.timeout, MIN_TIMEOUTS_MS.postgres) },
  warn: (sentence: string) => standardError.write(`cloakroom: ${flag}: ${sentence}\n`),
})

/** Adds the flag's name to an error, so that it says which of the two stores cannot be used. */
function named<T>(flag: string, work: () => T): T {
  const say = (error: unknown): never => {
    if (!(error instanceof SetupError)) throw error
    const message = error.message.replaceAll(/--data or --store|--store/g, flag)
    throw new SetupError(`${flag}: ${message}`, { cause: error })
  }
  try {
    const made = work()
    return made instanceof Promise ? (made.catch(say) as T) : made
  } catch (error) {
    return say(error)
  }
}
