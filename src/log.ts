import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'

/**
 * The log: one line per event on standard output, JSON unless a person is looking. It never gets a token, a password or the value
 * of an attribute; sessions appear as their handles.
 */
export type Log = Logger

export interface LogSettings {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** `auto`: text on a terminal, JSON elsewhere. */
  readonly format: 'auto' | 'text' | 'json'
}

export function newLog({ level, format }: LogSettings): Log {
  const isText = format === 'text' || (format === 'auto' && process.stdout.isTTY === true)
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (!isText) return pino(options, pino.destination({ dest: 1, sync: true }))
  return pino(options, newText())
}

/** One line per event: the sentence, then what is known of it. */
function newText() {
  const colorize = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined
  return pretty({ colorize, translateTime: 'SYS:HH:MM:ss', singleLine: true, sync: true })
}
