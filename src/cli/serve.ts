import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { takeAdminPassword } from '../environment.ts'
import { type Log, newLog } from '../log.ts'
import { type Output, standardError } from '../output.ts'
import { type Running, serve } from '../serve.ts'
import { onStandardError } from './announcement.ts'
import { withStoreErrors } from './open.ts'
import { addServerFlags, settingsOf } from './settings.ts'

/** Milliseconds after which a shutdown stops waiting for requests in flight. */
const MAX_STOP_MS = 9_000

/** `cloakroom serve`: runs the server until a signal stops it. */
export function defineServe(serving: Command): void {
  addServerFlags(serving)
    .addHelpText(
      'after',
      '\nThe first admin gets the password in CLOAKROOM_ADMIN_PASSWORD (or in the file that CLOAKROOM_ADMIN_PASSWORD_FILE names),\nor a random one that is printed once.\n' +
        'A flag beats the environment, which beats the file.\n\n' +
        'Examples:\n  $ cloakroom serve\n  $ cloakroom serve --port 9000 --data /var/lib/cloakroom --public-url https://login.example.com',
    )
    .action(async (_: unknown, command: Command) => {
      // Before any thread starts, since threads would inherit the variable.
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
        // A non-zero exit code makes a supervisor restart the server.
        giveUp: () => end(starting, 1, leave),
      })
      // Installed before the start, so that signals are handled from the first log line on.
      stopOnSignal(starting, leave)
      try {
        await withStoreErrors(config.store, () => starting)
      } catch (error) {
        await output.drained(LAST_LINES_MS)
        throw error
      }
    })
}

/** Ends the process with an exit code, after the last log lines are written. */
type Leave = (code: number, millis?: number) => void

/** Milliseconds that the last log lines may take: after an orderly stop, and after a second signal. */
const LAST_LINES_MS = 1_000
const LAST_LINES_AT_ONCE_MS = 100

async function leaveWith(code: number, output: Output, millis: number): Promise<void> {
  await Promise.all([output.drained(millis), standardError.drained(millis)])
  process.exit(code)
}

/** Logs an uncaught error and ends the process, whose state is unknown by then. */
function leaveOnCrash(log: Log, leave: Leave): void {
  const crash = (err: unknown) => {
    log.fatal({ event: 'crash', err }, 'the server failed and ends')
    standardError.write(`cloakroom: A fault of the program: ${err instanceof Error ? err.stack : err}\n`)
    leave(1)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
}

/** Stops the server and ends the process with this code, even if an orderly stop takes too long. */
function end(starting: Promise<Running>, code: number, leave: Leave): void {
  setTimeout(() => process.exit(code), MAX_STOP_MS).unref()
  starting
    .then((running) => running.stop())
    .then(
      () => leave(code),
      () => leave(1),
    )
}

/** The signals that stop a server, and the exit code when a second one ends it at once. */
const STOPPING = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const

/**
 * A second SIGINT or SIGHUP within this many milliseconds is the same signal: under npm, Ctrl+C arrives from
 * the terminal and from npm; a closing terminal sends SIGHUP, and so does its shell.
 */
const SIGNAL_ECHO_MS = 100

/** Stops in order at the first signal, and at once at the second. */
function stopOnSignal(starting: Promise<Running>, leave: Leave): void {
  let first: { readonly signal: string; readonly at: number } | null = null
  const onSignal = (signal: keyof typeof STOPPING) => {
    if (first !== null) {
      const isEcho =
        signal !== 'SIGTERM' && first.signal === signal && performance.now() - first.at < SIGNAL_ECHO_MS
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

/** Tells whether the server was started to outlive its terminal, as nohup(1) does. Only Linux can tell. */
function isHangupIgnored(): boolean {
  try {
    const [, ignored = '0'] = /^SigIgn:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    return (BigInt(`0x${ignored}`) & 1n) === 1n
  } catch {
    return false
  }
}
