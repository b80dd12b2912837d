#!/usr/bin/env bun
import { isatty } from 'node:tty'
import { styleText } from 'node:util'
import { Command, CommanderError } from 'commander'
import pkg from '../../package.json' with { type: 'json' }
import { Refusal, SetupError } from '../errors.ts'
import { standardError } from '../output.ts'
import { addBackup } from './backup.ts'
import { addCheck } from './check.ts'
import { addCopy } from './copy.ts'
import { requireNothingTaken, requireUtf8, withHint } from './input.ts'
import { addServe } from './serve.ts'
import { addSession } from './session.ts'
import { withoutFlag } from './settings.ts'
import { print, visible, write } from './terminal.ts'
import { addUser } from './user.ts'

/**
 * What scripts can tell apart: 1, something failed in here; 2, it was called or set up wrongly, or the store cannot be used; 3, it was
 * understood and declined.
 */
const EXIT = { fault: 1, setup: 2, refused: 3 } as const

/** Milliseconds that the last sentence on standard error may take. */
const LAST_WORDS_MS = 2_000

const program = new Command('cloakroom')
  .description('A session server: logins and what hangs on them, over plain HTTP.')
  .version(pkg.version, '-V, --version')
  .showHelpAfterError('(--help says more)')
  .configureHelp({ showGlobalOptions: true })
  .configureOutput({
    writeOut: write,
    writeErr: (text) => standardError.write(text),
    outputError(text, write) {
      const [, option = ''] = /unknown option '([^'=]+)/.exec(text) ?? []
      const hint = withoutFlag(option)
      write(hint === null ? withHint(text.replace(/^error:/, 'cloakroom:')) : `cloakroom: ${hint}\n`)
    },
  })
  .exitOverride()
  .addHelpText(
    'after',
    '\nStart with `cloakroom serve`, log in at the URL that it prints.\n' +
      'Exit codes: 0 done; 1 a fault of the program; 2 called or set up wrongly, or a store that cannot be used; 3 declined, such as an unknown user.',
  )

addServe(program)
addUser(program)
addSession(program)
addBackup(program)
addCopy(program)
addCheck(program)
program
  .command('help [command...]')
  .description('says how to use a command')
  .action((words: readonly string[]) => {
    const named = words.reduce<Command>((family, word) => find(family, word), program)
    named.outputHelp()
  })
program
  .command('version')
  .description('prints the version')
  .action(() => print(pkg.version))

function find(family: Command, word: string): Command {
  const found = family.commands.find((command) => command.name() === word)
  if (found === undefined) throw new SetupError(`There is no command ${word}. See: cloakroom --help`)
  return found
}

function say(message: string): void {
  const red = isatty(2) ? styleText('red', 'cloakroom:') : 'cloakroom:'
  standardError.write(`${red} ${message}\n`)
}

try {
  requireUtf8(process.argv.slice(2), process.env)
  requireNothingTaken(process.env)
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.setup
  else if (error instanceof SetupError) {
    say(error.message.split('\n').map(visible).join('\n'))
    process.exitCode = EXIT.setup
  } else if (error instanceof Refusal) {
    say(error.message.split('\n').map(visible).join('\n'))
    process.exitCode = EXIT.refused
  } else {
    say(`A fault of the program: ${error instanceof Error ? error.stack : String(error)}`)
    process.exitCode = EXIT.fault
  }
  // A terminal that is stopped would otherwise keep the process for ever.
  if (!(await standardError.drained(LAST_WORDS_MS))) process.exit()
}
