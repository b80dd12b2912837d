import { isatty } from 'node:tty'
import pino, { type Logger } from 'pino'
import { newThreadWriter, Output, standardError } from './output.ts'

/**
 * The log: one line per event on standard output, JSON unless a person is looking. It never gets a token, a
 * password or the value of an attribute; sessions appear as their handles.
 */
export type Log = Logger

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** `auto`: text on a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'text' | 'json'
}

/** The descriptor that log lines go to. */
const STANDARD_OUTPUT = 1

/**
 * Returns a log and its output. Logging never waits and never fails: lines that standard output does not
 * accept are dropped and counted. A sentence on standard error reports that, and a later log line says how
 * many.
 */
export async function newLog(settings: LogSettings): Promise<{ log: Log; output: Output }> {
  const format = await newFormat(settings)
  let isSaid = false
  const output = new Output(newThreadWriter(STANDARD_OUTPUT), {
    onStalled(code) {
      if (isSaid) return
      isSaid = true
      standardError.write(`cloakroom: ${sentenceOf(code)}\n`)
    },
    onResumed: (lines) =>
      log.warn({ event: 'log_lost', lines }, `${lines} lines of the log were not written here`),
  })
  const log = pino(
    { level: settings.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => output.write(format(line)) },
  )
  return { log, output }
}

const sentenceOf = (code: string | null) =>
  `Standard output does not take the log (${code ?? 'its reader stands still'}). The server goes on without it. ` +
  'Lines that find no room to wait are dropped and counted.'

/**
 * Returns a function that formats a line of JSON: unchanged, or as text for people, with the message first
 * and then the fields.
 */
async function newFormat({ format }: LogSettings): Promise<(line: string) => string> {
  const isTerminal = isatty(STANDARD_OUTPUT)
  if (format === 'json' || (format === 'auto' && !isTerminal)) return (line) => line
  // Loaded only here: most servers write JSON.
  const { prettyFactory } = await import('pino-pretty')
  const colorize = isTerminal && process.env['NO_COLOR'] === undefined
  return prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss', singleLine: true })
}
