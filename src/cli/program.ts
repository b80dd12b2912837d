import { isatty } from 'node:tty'
import { styleText } from 'node:util'
import { Command, CommanderError } from 'commander'
import pkg from '../../package.json' with { type: 'json' }
import { Refusal, SetupError } from '../errors.ts'
import { standardError } from '../output.ts'
import { requireNothingTaken, requireUtf8, withHint } from './input.ts'
import { print, visible, write } from './terminal.ts'

/**
 * What scripts can tell apart: 1, something failed in here; 2, it was called or set up wrongly, or the store cannot be used; 3, it was
 * understood and declined.
 */
const EXIT = { fault: 1, setup: 2, refused: 3 } as const

/** Milliseconds that the last sentence on standard error may take. */
const LAST_WORDS_MS = 2_000

/** A command of the program. `load` returns the function that gives it its flags and its action. */
interface Entry {
  readonly name: string
  readonly description: string
  load(): Promise<(command: Command) => void>
}

/** All commands. Only the file of the one that is called is loaded: the server alone takes longer than the rest. */
const commands: readonly Entry[] = [
  {
    name: 'serve',
    description: 'runs the server; the first start makes the user admin',
    load: async () => (await import('./serve.ts')).defineServe,
  },
  {
    name: 'user',
    description: 'who can log in: add, update, list, passwd, disable, enable, delete',
    load: async () => (await import('./user.ts')).defineUser,
  },
  {
    name: 'session',
    description: 'who is logged in: list, revoke',
    load: async () => (await import('./session.ts')).defineSession,
  },
  {
    name: 'backup',
    description: 'copies the database to a new file while the server runs; a server can start from the copy',
    load: async () => (await import('./backup.ts')).defineBackup,
  },
  {
    name: 'copy',
    description: 'copies users and live sessions to another store; stop the servers on both first',
    load: async () => (await import('./copy.ts')).defineCopy,
  },
  {
    name: 'check',
    description: 'checks settings and store and changes nothing; exit code 0 if a server could start',
    load: async () => (await import('./check.ts')).defineCheck,
  },
  {
    name: 'help',
    description: 'says how to use a command',
    load: async () => defineHelp,
  },
  {
    name: 'version',
    description: 'prints the version',
    load: async () => (version) => void version.action(() => print(pkg.version)),
  },
]

const program = new Command('cloakroom')
  .description('A session server: logins and what hangs on them, over plain HTTP.')
  .version(pkg.version, '-V, --version')
  .configureHelp({ showGlobalOptions: true })
  // Mistakes are explained below, where there is time to look up what was meant.
  .configureOutput({ writeOut: write, writeErr: (text) => standardError.write(text), outputError() {} })
  .exitOverride()
  .addHelpText(
    'after',
    '\nStart with `cloakroom serve`, log in at the URL that it prints.\n' +
      'Exit codes: 0 done; 1 a fault of the program; 2 called or set up wrongly, or a store that cannot be used; 3 declined, such as an unknown user.',
  )
  .hook('preSubcommand', (_, command) => define(command))

for (const { name, description } of commands)
  program.command(name).helpCommand(false).description(description)

/** Gives a command its flags, its action and the commands below it. */
async function define(command: Command): Promise<void> {
  const entry = commands.find(({ name }) => name === command.name())
  const defineIt = await entry?.load()
  defineIt?.(command)
}

function defineHelp(help: Command): void {
  help.argument('[command...]').action(async ([word, ...words]: readonly string[]) => {
    if (word === undefined) return program.outputHelp()
    const family = find(program, word)
    if (family !== help) await define(family)
    words.reduce<Command>(find, family).outputHelp()
  })
}

function find(family: Command, word: string): Command {
  const found = family.commands.find((command) => command.name() === word)
  if (found === undefined) throw new SetupError(`There is no command ${word}. See: cloakroom --help`)
  return found
}

/** Writes a message on standard error. No character in it does anything to a terminal. */
function say(message: string): void {
  const red = isatty(2) ? styleText('red', 'cloakroom:') : 'cloakroom:'
  standardError.write(`${red} ${message.split('\n').map(visible).join('\n')}\n`)
}

/** Reports why a command failed, and returns the exit code. */
async function report(error: unknown): Promise<number> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0
    // Help was printed in place of an error.
    if (error.code !== 'commander.help') say(await withHint(error.message.replace(/^error: /, '')))
    return EXIT.setup
  }
  if (error instanceof SetupError || error instanceof Refusal) {
    say(error.message)
    return error instanceof Refusal ? EXIT.refused : EXIT.setup
  }
  say(`A fault of the program: ${error instanceof Error ? error.stack : String(error)}`)
  return EXIT.fault
}

/** Runs the command that the arguments of this process name. */
export async function run(): Promise<void> {
  try {
    requireUtf8(process.argv.slice(2), process.env)
    requireNothingTaken(process.env)
    await program.parseAsync()
  } catch (error) {
    process.exitCode = await report(error)
    // A terminal that is stopped would otherwise keep the process for ever.
    if (!(await standardError.drained(LAST_WORDS_MS))) process.exit()
  }
}
