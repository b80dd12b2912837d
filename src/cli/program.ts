import { isatty } from 'node:tty'
import { styleText } from 'node:util'
import { Command, CommanderError } from 'commander'
import pkg from '../../package.json' with { type: 'json' }
import { Refusal, SetupError } from '../errors.ts'
import { standardError } from '../output.ts'
import { requireNothingTaken, requireUtf8, withHint } from './input.ts'
import { print, visible, write } from './terminal.ts'

/**
 * Exit codes for scripts: 1, an internal failure; 2, wrong usage or settings, or an unusable store; 3, a
 * valid request that was refused.
 */
const EXIT = { fault: 1, setup: 2, refused: 3 } as const

/** Milliseconds that the last message on standard error may take. */
const LAST_WORDS_MS = 2_000

/** A command of the program. `load` resolves with the function that adds its flags and its action. */
interface Entry {
  readonly name: string
  readonly description: string
  load(): Promise<(command: Command) => void>
}

/**
 * All commands. Only the file of the called command is loaded, since the server's takes longer than the rest
 * together.
 */
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
  // Mistakes are reported below, where a suggestion can be looked up first.
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

/** Adds a command's flags, action and subcommands. */
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

/** Writes a message to standard error. Control characters do not reach the terminal. */
function say(message: string): void {
  const red = isatty(2) ? styleText('red', 'cloakroom:') : 'cloakroom:'
  standardError.write(`${red} ${message.split('\n').map(visible).join('\n')}\n`)
}

/** Reports why a command failed. Returns the exit code. */
async function report(error: unknown): Promise<number> {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0
    // Commander printed the help, so there is no error to report.
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

/** Runs the command that the process arguments name. */
export async function run(): Promise<void> {
  try {
    requireUtf8(process.argv.slice(2), process.env)
    requireNothingTaken(process.env)
    await program.parseAsync()
  } catch (error) {
    process.exitCode = await report(error)
    // Otherwise a stopped terminal would keep the process alive for ever.
    if (!(await standardError.drained(LAST_WORDS_MS))) process.exit()
  }
}
