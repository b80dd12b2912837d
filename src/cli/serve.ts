import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { takeAdminPassword } from '../environment.ts'
import { type Log, newLog } from '../log.ts'
import { type Output, standardError } from '../output.ts'
import { type Running, serve } from '../serve.ts'
import { onStandardError } from './announcement.ts'
import { sayingWhere } from './open.ts'
import { addServerFlags, settingsOf } from './settings.ts'

/** Milliseconds after which a stop gives up waiting for what is under way. */
const LONGEST_STOP = 9_000

/** `cloakroom serve`: runs the server until it is told to stop. */
export function defineServe(serving: Command): void {
  addServerFlags(serving)
    .addHelpText(
      'after',
      '\nThe first admin gets the password in CLOAKROOM_ADMIN_PASSWORD (or in the file that CLOAKROOM_ADMIN_PASSWORD_FILE names),\nor a random one that is printed once.\n' +
        'A flag beats the environment, which beats the file.\n\n' +
        'Examples:\n  $ cloakroom serve\n  $ cloakroom serve --port 9000 --data /var/lib/cloakroom --public-url https://login.example.com',
    )
    .action(async (_: unknown, command: Command) => {
      // Before anything begins a thread, which would inherit it.
      const adminPassword = takeAdminPassword(process.env)
      const config = settingsOf(command)
      const { log, output } = await newLog(config.log)
      const leave = (code: number, millis = LAST_LINES_MS) => void leaveWith(code, output, millis)
      leaveOnCrash(log, leave)
      const starting = serve(config, {
        log,
        linesDropped: () => output.linesDropped,
        clock: Date.now,
        adminPassword,
        ...onStandardError,
        // With a code that makes a supervisor start it anew.
        giveUp: () => end(starting, 1, leave),
      })
      // Before it has started, so that a signal finds it ready from the first line of the log on.
      stopOnSignal(starting, leave)
      try {
        await sayingWhere(config.store, () => starting)
      } catch (error) {
        await output.drained(LAST_LINES_MS)
        throw error
      }
    })
}

/** Ends the process with a code, once the last lines are written. */
type Leave = (code: number, millis?: number) => void

/** Milliseconds that the last lines may take: in good order, and at a second signal. */
const LAST_LINES_MS = 1_000
const LAST_LINES_AT_ONCE_MS = 100

async function leaveWith(code: number, output: Output, millis: number): Promise<void> {
  await Promise.all([output.drained(millis), standardError.drained(millis)])
  process.exit(code)
}

/** Logs what nothing caught, and ends: nobody knows in which state the process is. */
function leaveOnCrash(log: Log, leave: Leave): void {
  const crash = (err: unknown) => {
    log.fatal({ event: 'crash', err }, 'the server failed and ends')
    standardError.write(`cloakroom: A fault of the program: ${err instanceof Error ? err.stack : err}\n`)
    leave(1)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
}

/** Stops in good order, or in whatever order when that takes too long, and ends the process with this code. */
function end(starting: Promise<Running>, code: number, leave: Leave): void {
  setTimeout(() => process.exit(code), LONGEST_STOP).unref()
  starting
    .then((running) => running.stop())
    .then(
      () => leave(code),
      () => leave(1),
    )
}

/** The signals that stop a server, and the exit code of a second one, which exits at once. */
const STOPPING = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const

/**
 * Milliseconds within which a second SIGINT or SIGHUP is the same one: under npm, control C comes from the terminal and from npm; a
 * terminal that closes sends SIGHUP, and so does its shell.
 */
const ECHO = 100

/** The first signal stops in good order, the second at once. */
function stopOnSignal(starting: Promise<Running>, leave: Leave): void {
  let first: { readonly signal: string; readonly at: number } | null = null
  const onSignal = (signal: keyof typeof STOPPING) => {
    if (first !== null) {
      const isEcho = signal !== 'SIGTERM' && first.signal === signal && performance.now() - first.at < ECHO
      if (!isEcho) leave(STOPPING[signal], LAST_LINES_AT_ONCE_MS)
      return
    }
    first = { signal, at: performance.now() }
    end(starting, 0, leave)
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  if (!isHangupIgnored()) process.on('SIGHUP', onSignal)
}

/** Whether whoever started the server has it outlive the terminal, as nohup(1) does. Only Linux tells. */
function isHangupIgnored(): boolean {
  try {
    const [, ignored = '0'] = /^SigIgn:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return (BigInt(`0x${ignored}`) & 1n) === 1n
  } catch {
    return false
  }
}
